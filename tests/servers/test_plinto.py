"""The production server, started as in production, lives, loses a worker and stops in order."""

from __future__ import annotations

import http.client
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import pytest

from tests.servers.plinto import PlintoServer, WorkerProcess

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def web():
    with PlintoServer.start(WEB_WORKERS="2") as server:
        yield server


def wait_until(condition, *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)


def test_as_many_workers_run_as_were_asked_for(web):
    wait_until(lambda: len(web.worker_pids()) == 2)
    assert httpx2.get(f"{web.url}/health/live").status_code == 200


def test_a_killed_worker_is_replaced(web):
    wait_until(lambda: len(web.worker_pids()) == 2)
    gone = web.kill_worker()
    wait_until(lambda: len(web.worker_pids()) == 2 and gone not in web.worker_pids())
    assert httpx2.get(f"{web.url}/health/live").status_code == 200


def test_every_line_of_its_log_is_json(web):
    httpx2.get(f"{web.url}/nothing", headers={"X-Request-ID": "seen-in-the-log"})
    lines = web.log().splitlines()
    assert any("seen-in-the-log" in line for line in lines)
    assert [line for line in lines if not line.startswith("{")] == []


def test_sigterm_finishes_the_request_that_has_begun():
    with (
        PlintoServer.start(WEB_WORKERS="1") as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as client,
        ThreadPoolExecutor(1) as thread,
    ):
        client.putrequest("POST", "/api/v1/auth/login")
        client.putheader("Content-Type", "application/json")
        client.putheader("Content-Length", "2")
        client.endheaders()
        time.sleep(0.5)  # the request is being read by now
        stopping = thread.submit(server.terminate)
        time.sleep(0.5)
        client.send(b"{}")
        assert client.getresponse().status == 422
        assert stopping.result(30) == 0


def test_a_worker_stops_when_it_is_asked(web):
    worker = WorkerProcess.start(web.environment)
    wait_until(lambda: worker.log() != "" or not worker.is_running)
    os.kill(worker.pid, 0)
    assert worker.stop() == 0, worker.log()
