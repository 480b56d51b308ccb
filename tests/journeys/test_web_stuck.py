"""Threads that do not come back: some wait for a client that is silent, some for nothing at all."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.journeys.clients import BrokenConnection, Caller
from tests.journeys.ledger import crowd, summary
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("stuck")]

LONGEST = 2.0
THREADS = 8  # of both workers
HALF_A_HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
HALF_A_BODY = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"email'
)


@pytest.fixture(scope="module")
def world(shared_postgres: PostgresServer) -> Iterator[World]:
    settings = {"LONGEST_REQUEST": str(LONGEST), "application": "tests.servers.stuck"}
    with deployed(shared_postgres, **settings) as world:
        eventually(lambda: len(world.web.worker_pids()) == 2, seconds=30)
        yield world


def silent(world: World, begun: bytes) -> socket.socket:
    """Begin a request and say nothing more."""
    connection = socket.create_connection(("127.0.0.1", world.web.port), timeout=30)
    connection.sendall(begun)
    return connection


def is_hung_up(connection: socket.socket) -> bool:
    try:
        while connection.recv(1000):
            continue
    except ConnectionResetError:
        return True
    return True


def events(world: World, name: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in world.web.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def test_clients_that_fall_silent_in_a_body_are_hung_up_on(world):
    before = world.web.worker_pids()
    with ExitStack() as open_ones:
        connections = [
            open_ones.enter_context(closing(silent(world, HALF_A_BODY))) for _ in range(THREADS)
        ]
        assert all(is_hung_up(connection) for connection in connections)
    assert world.web.worker_pids() == before


@pytest.mark.parametrize("begun", [HALF_A_HEAD, HALF_A_BODY], ids=["head", "body"])
def test_others_are_served_while_clients_are_silent(world, figure, begun):
    with ExitStack() as open_ones:
        for _ in range(3 * THREADS):
            open_ones.enter_context(closing(silent(world, begun)))
        began = time.monotonic()
        answer = world.caller().send("GET", "/health/live")
        figure(f"answered {time.monotonic() - began:.2f} s after {3 * THREADS} clients fell silent")
        assert answer.status == 200


def test_a_thread_that_never_comes_back_costs_its_process_and_nobody_an_answer(world, figure):
    before, answers, end = set(world.web.worker_pids()), [], [time.monotonic() + 60]

    def go_on(number: int) -> None:
        caller = world.caller(is_kept=False)
        while time.monotonic() < end[0]:
            answers.append(caller.send("GET", ("/health/live", "/slow")[number]))

    def get_stuck(_number: int) -> None:
        with pytest.raises(BrokenConnection):
            Caller(world.web.port).send("GET", "/stuck")

    began = time.monotonic()
    threads = crowd(go_on, size=2) + crowd(get_stuck, size=1)
    try:
        eventually(lambda: len(set(world.web.worker_pids()) - before) == 1, seconds=30)
        figure(f"replaced {time.monotonic() - began:.1f} s after it began; {summary(answers)}")
    finally:
        end[0] = time.monotonic() + 1
        for thread in threads:
            thread.join()
    assert {answer.status for answer in answers} == {200}
    assert len(before & set(world.web.worker_pids())) == 1
    [told] = [line for line in events(world, "request.too_long") if "wait_for_ever" in str(line)]
    assert told["level"] == "error"
    assert len(events(world, "web_process.ends")) == 1
