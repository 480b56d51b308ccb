"""
A permission is taken away while eight clients of two workers use it, and nobody uses it after.

With Redis healthy, killed and stalled, at one deployment; each round takes it away in another way:
a permission of the role, the membership, and with Redis healthy the member's role and the whole
organization. Redis is harmed in the first round, while the workers still believe what it holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice

import psutil
import pytest

from tests.journeys.clients import Answer, Visitor
from tests.journeys.clubs import Club, founded
from tests.journeys.ledger import summary
from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = pytest.mark.journey

CLIENTS = 8
FEW = 3  # answers that each client has at least seen before, and after


class Crowd:
    """Clients that ask for one thing without a pause until they are told to stop."""

    def __init__(self, club: Club, member: Visitor) -> None:
        self.answers: list[list[Answer]] = [[] for _ in range(CLIENTS)]
        self._stop = threading.Event()
        self._path = f"/api/v1/organizations/{club.id}/members"
        self._threads = [
            threading.Thread(target=self._go_on, args=(club, member, number))
            for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def _go_on(self, club: Club, member: Visitor, number: int) -> None:
        caller = club.world.caller(address=f"10.7.0.{number + 1}", is_kept=False)
        while not self._stop.is_set():
            self.answers[number].append(caller.send("GET", self._path, token=member.access))

    def wait_for(self, *, since: float = 0.0) -> None:
        """Return when every client has been answered a few times what it asked after ``since``."""

        def are_answered() -> bool:
            return all(
                sum(answer.began > since for answer in list(mine)) >= FEW for mine in self.answers
            )

        eventually(are_answered, seconds=60)

    def stop(self) -> list[Answer]:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return [answer for mine in self.answers for answer in mine]


def clerk_of(club: Club, member: Visitor, name: str) -> str:
    """Give somebody a role of their own that may read members; return its id."""
    body = {"name": name, "permissions": ["members:read"]}
    role = club.send(club.owner, "POST", "/roles", body)
    assert role.status == 201
    club.joined(member, name)
    return str(role.body["id"])


def ways(club: Club, member: Visitor, role: str) -> Iterator[tuple[str, int, Callable[[], int]]]:
    """Each way to take it away, what a client is told then; asked again, it has been given back."""

    def allow(permission: str) -> int:
        body = {"permissions": [permission]}
        return club.send(club.owner, "PATCH", f"/roles/{role}", body).status

    yield "permission removed", 403, lambda: allow("roles:read")
    assert allow("members:read") == 200
    yield "member removed", 404, lambda: club.remove(member)
    club.joined(member, "clerk")
    yield "role changed", 403, lambda: club.promote(member, "viewer")
    assert club.promote(member, "clerk") == 200
    yield "organization deleted", 404, lambda: club.send(club.owner, "DELETE", "").status


def started_anew(world: World) -> None:
    """Heal Redis and replace the workers, which distrust what they saw in trouble."""
    world.redis.heal()
    replaced = set(world.web.worker_pids())
    for pid in replaced:
        psutil.Process(pid).kill()
    caller = world.caller(is_kept=False)

    def are_new() -> bool:
        workers = set(world.web.worker_pids())
        return len(workers) == len(replaced) and not workers & replaced

    eventually(are_new, seconds=60)
    assert caller.send("GET", "/health/ready").status == 200


def used_and_removed(
    club: Club, member: Visitor, harm: Callable[[], object], take: Callable[[], int]
) -> tuple[list[Answer], list[Answer]]:
    """Take it away from under a crowd; return what began before the answer to that, and after."""
    crowd = Crowd(club, member)
    try:
        crowd.wait_for()
        harm()
        assert take() in (200, 204)
        taken = time.monotonic()
        crowd.wait_for(since=taken)
    finally:
        answers = crowd.stop()
    before = [answer for answer in answers if answer.began <= taken]
    return before, [answer for answer in answers if answer.began > taken]


def test_nothing_is_accepted_that_began_after_the_permission_was_removed(deploy, figure):
    world = deploy(RATE_LIMITS="default=1000000/60s,login=100000/60s")
    for state, rounds in {"healthy": 4, "stalled": 2, "dead": 2}.items():
        if state == "dead":
            started_anew(world)
        harms = {"stalled": world.redis.stall, "dead": world.redis.kill}
        owner, member = (world.visitor(one, is_kept=False) for one in world.populate(2))
        assert owner.sign_in().status == member.sign_in().status == 200
        club = founded(world, owner)
        role = clerk_of(club, member, "clerk")
        for name, refusal, take in islice(ways(club, member, role), rounds):
            harm = harms.pop(state, lambda: None)
            before, after = used_and_removed(club, member, harm, take)
            figure(f"{state}, {name}: {len(before)} before; after {summary(after)}")
            assert 200 in {answer.status for answer in before}
            assert {answer.status for answer in after} == {refusal}, (state, name)
