"""A deployment behind a balancer stops: whoever follows its health page loses no request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.journeys.clients import Answer, BrokenConnection, Caller
from tests.journeys.ledger import crowd
from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = pytest.mark.journey

DRAIN_SECONDS = 3.0
CLIENTS = 6


@dataclass
class Balancer:
    """Looks at the health page ten times a second and sends nothing to who is not ready."""

    world: World
    lost: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _is_out: threading.Event = field(default_factory=threading.Event)

    def watch(self, _number: int) -> None:
        caller = self.world.caller(is_kept=False)
        while caller.send("GET", "/health/ready").status == 200:
            time.sleep(0.1)
        self._is_out.set()

    def forward(self, number: int) -> None:
        """Send one request after the other, half of the clients on connections they keep."""
        caller = self.world.caller(is_kept=number % 2 == 0)
        while not self._is_out.is_set():
            try:
                self.answers.append(caller.send("GET", "/.well-known/jwks.json"))
            except BrokenConnection as error:
                self.lost.append(str(error))


@pytest.fixture
def world(deploy: Callable[..., World]) -> World:
    world = deploy(DRAIN_SECONDS=str(DRAIN_SECONDS))
    eventually(lambda: len(world.web.worker_pids()) == 2, seconds=30)
    return world


def is_listening(world: World) -> bool:
    try:
        Caller(world.web.port, timeout=5).send("GET", "/health/live")
    except BrokenConnection:
        return False
    return True


def test_no_request_is_lost_behind_a_balancer_that_follows_the_health_page(world, figure):
    balancer = Balancer(world)
    threads = crowd(balancer.forward, size=CLIENTS) + crowd(balancer.watch, size=1)
    eventually(lambda: len(balancer.answers) > 100, seconds=30)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as background:
        ending = background.submit(world.web.terminate)
        for thread in threads:
            thread.join()
        out = time.monotonic()
        still = is_listening(world)
        status = ending.result()
    figure(f"out after {out - began:.1f} s, ended after {time.monotonic() - began:.1f} s")
    assert balancer.lost == []
    assert {answer.status for answer in balancer.answers} == {200}
    assert still
    assert status == 0
    assert not is_listening(world)


def test_a_process_that_stops_asks_for_new_connections_and_still_answers(world):
    [email] = world.populate(1)
    visitor = world.visitor(email)
    kept = world.caller()
    assert "Connection" not in kept.send("GET", "/health/ready").headers
    with ThreadPoolExecutor(1) as background:
        ending = background.submit(world.web.terminate)
        eventually(lambda: kept.send("GET", "/health/ready").status == 503, seconds=5)
        # The first to hear of the stop may have been under way when it was asked for.
        page = kept.send("GET", "/health/ready")
        signed_in = visitor.sign_in()
        status = ending.result()
    assert page.headers["Connection"] == "close"
    assert int(page.headers["Retry-After"]) >= 1
    assert page.body["status"] == "unavailable"
    assert (signed_in.status, signed_in.headers["Connection"]) == (200, "close")
    assert status == 0
