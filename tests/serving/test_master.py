"""The master and its processes: how they start, are replaced, and end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import pytest

from tests.journeys.waiting import eventually
from tests.servers.environment import production_environment
from tests.servers.plinto import ROOT
from tests.serving.conftest import Echo, Told, echoing, received

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("serving")]

HOST = "Host: id.example.com"
KEPT = f"GET / HTTP/1.1\r\n{HOST}\r\n\r\n".encode()


def start(directory: Path, module: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start and wait for the end."""
    return subprocess.run(
        [sys.executable, "-m", "plinto.serve", module],
        env=production_environment(var_dir=directory, **variables),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["PORT", "METRICS_BIND"])
def test_a_port_that_is_taken_is_told_and_nothing_starts(tmp_path, name):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        own = port + 1 if port < 65_535 else port - 1
        variables = {"PORT": str(own), "METRICS_BIND": f"127.0.0.1:{port}"}
        if name == "PORT":
            variables = {"PORT": str(port)}
        ended = start(tmp_path, "tests.servers.echo", **variables)
    assert ended.returncode == 1
    assert f'"address":"127.0.0.1:{port}"' in ended.stdout
    assert "Address already in use" in ended.stdout


def test_an_application_that_does_not_load_ends_the_start(tmp_path):
    ended = start(tmp_path, "tests.servers.nowhere", PORT="8125", WEB_WORKERS="2")
    assert ended.returncode == 1
    assert "No module named 'tests.servers.nowhere'" in ended.stderr
    assert "server.did_not_start" in ended.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [("WEB_WORKERS", "0"), ("WEB_THREADS", "many"), ("LONGEST_REQUEST", "0"), ("PORT", "99999")],
)
def test_an_option_that_makes_no_sense_ends_the_start_by_its_name(tmp_path, name, value):
    ended = start(tmp_path, "tests.servers.echo", **{name: value})
    assert ended.returncode == 1
    assert f"ImproperlyConfigured: {name} must" in ended.stderr


def test_a_thousand_connections_are_held_and_each_is_answered(echo: Echo):
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(closing(echo.connect())) for _ in range(1000)]
        for _ in range(2):
            for connection in connections:
                connection.sendall(KEPT)
            assert {connection.recv(100)[:12] for connection in connections} == {b"HTTP/1.1 200"}
            for connection in connections:
                connection.recv(65_536, socket.MSG_DONTWAIT)


def test_who_comes_while_there_is_no_process_is_answered_by_the_next():
    with echoing(WEB_WORKERS="1") as echo:
        [gone] = map(psutil.Process, echo.process.children())
        gone.kill()
        gone.wait(30)
        assert echo.ask("GET / HTTP/1.1", HOST).status == 200
        assert echo.process.children() != [gone.pid]


def test_processes_end_with_their_master_and_a_new_one_gets_the_address():
    with echoing(WEB_WORKERS="2") as echo:
        eventually(lambda: len(echo.process.children()) == 2, seconds=30)
        orphans = [psutil.Process(pid) for pid in echo.process.children()]
        echo.process.kill()
        eventually(lambda: all(map(has_ended, orphans)), seconds=30)


def test_processes_end_with_a_master_that_never_heard_that_they_are_ready():
    with echoing(WEB_WORKERS="2") as echo:
        master = psutil.Process(echo.process.pid)
        master.suspend()
        [one, other] = map(psutil.Process, echo.process.children())
        one.kill()
        other.kill()
        master.resume()
        eventually(
            lambda: len(set(echo.process.children()) - {one.pid, other.pid}) == 2, seconds=30
        )
        master.suspend()
        orphans = [psutil.Process(pid) for pid in echo.process.children()]
        assert echo.ask("GET / HTTP/1.1", HOST).status == 200
        echo.process.kill()
        eventually(lambda: all(map(has_ended, orphans)), seconds=30)


def has_ended(process: psutil.Process) -> bool:
    """Tell whether a process is gone, or waits for somebody else's parent to hear of its end."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_second_signal_ends_the_draining():
    with echoing(WEB_WORKERS="1", DRAIN_SECONDS="60") as echo:
        echo.process.send(signal.SIGTERM)
        eventually(lambda: "connection: close" in head_of_answer(echo), seconds=30)
        began = time.monotonic()
        assert echo.process.stop(signal.SIGTERM, seconds=50) == 0
        assert time.monotonic() - began < 50


def head_of_answer(echo: Echo) -> str:
    with closing(echo.connect()) as connection:
        connection.sendall(KEPT)
        return connection.recv(65_536).decode("latin-1").lower()


def test_what_was_begun_is_answered_before_the_end():
    with echoing(WEB_WORKERS="1") as echo, closing(echo.connect()) as connection:
        connection.sendall(f"GET /slow/1.5 HTTP/1.1\r\n{HOST}\r\n\r\n".encode())
        eventually(lambda: echo.ask("GET / HTTP/1.1", HOST).status == 200, seconds=10)
        assert echo.process.stop(seconds=30) == 0
        assert Told(received(connection)).status == 200
