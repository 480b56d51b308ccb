"""
A key is rotated and ended while eight clients of two workers use it.

With Redis healthy, then stalled, at one deployment. Nobody is refused within the overlap of a
rotation, and no request is let in that began after the end of its secret was acknowledged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.clients import Answer
from tests.journeys.clubs import Club, founded
from tests.journeys.ledger import crowd, summary
from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = pytest.mark.journey

CLIENTS = 8
FEW = 3  # answers that each client has at least seen before, and after
INTROSPECT = "/api/v1/auth/token/introspect"


class Programs:
    """Clients that use one secret without a pause until they are told to stop."""

    def __init__(self, world: World, text: str) -> None:
        self.answers: list[list[Answer]] = [[] for _ in range(CLIENTS)]
        self._world = world
        self._text = text
        self._over = threading.Event()
        self._threads = crowd(self._go_on, size=CLIENTS)

    def _go_on(self, number: int) -> None:
        caller = self._world.caller(address=f"10.8.0.{number + 1}", is_kept=False)
        while not self._over.is_set():
            answer = caller.send("POST", INTROSPECT, {"token": "nothing"}, token=self._text)
            self.answers[number].append(answer)

    def wait_for(self, *, since: float = 0.0) -> None:
        """Return when every client has been answered a few times what it asked after ``since``."""

        def are_answered() -> bool:
            return all(
                sum(answer.began > since for answer in list(mine)) >= FEW for mine in self.answers
            )

        eventually(are_answered, seconds=60)

    def stop(self) -> list[Answer]:
        self._over.set()
        for thread in self._threads:
            thread.join()
        return [answer for mine in self.answers for answer in mine]


def used_and_ended(
    world: World, text: str, acts: list[Callable[[], Answer]]
) -> tuple[list[Answer], list[Answer]]:
    """
    Do acts, the last of which ends a secret, while it is used.

    Return what was over before the last one was asked for, and what began after its answer.
    """
    programs = Programs(world, text)
    try:
        for act in acts:
            programs.wait_for(since=time.monotonic())
            asked = time.monotonic()
            assert act().status in (200, 204)
        ended = time.monotonic()
        programs.wait_for(since=ended)
    finally:
        answers = programs.stop()
    before = [answer for answer in answers if answer.began + answer.seconds < asked]
    return before, [answer for answer in answers if answer.began > ended]


def made(club: Club) -> tuple[str, Callable[..., Answer]]:
    """Make a key; return its text, and a way to act on it."""
    body = {"name": "Billing", "scopes": ["tokens:introspect"]}
    key = club.send(club.owner, "POST", "/api-keys", body).body

    def act(method: str, tail: str = "", body: Any = None) -> Answer:
        return club.send(club.owner, method, f"/api-keys/{key['id']}{tail}", body)

    return key["key"], act


def test_nothing_is_accepted_that_began_after_the_end_of_its_secret(deploy, figure):
    world = deploy(RATE_LIMITS="introspect=1000000/60s,default=1000000/60s")
    [email] = world.populate(1)
    owner = world.visitor(email, is_kept=False)
    assert owner.sign_in().status == 200
    club = founded(world, owner)
    for state in ("healthy", "stalled"):
        if state == "stalled":
            world.redis.stall()
        rotated, on_one = made(club)
        deleted, on_other = made(club)

        def rotate(act: Callable[..., Answer] = on_one) -> Answer:
            return act("POST", "/rotate", {"overlap_seconds": 60})

        def delete(act: Callable[..., Answer] = on_other) -> Answer:
            return act("DELETE")

        for text, acts in ((rotated, [rotate, rotate]), (deleted, [delete])):
            before, after = used_and_ended(world, text, acts)
            figure(f"{state}: {len(before)} before; after {summary(after)}")
            assert {answer.status for answer in before} == {200}
            assert {answer.status for answer in after} == {401}
