"""
Everybody signs in at once: memory stays bounded, and everybody gets a proper answer.

The full form is ``JOURNEY_LOGINS=1000``. Sixteen threads a worker, four times the default, so that
without the bound on concurrent hashes a worker would hold 16 times 19 MiB and not two.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import pytest

from tests.factories import PASSWORD
from tests.journeys.clients import Answer, Caller
from tests.journeys.ledger import summary
from tests.journeys.world import World
from tests.races import at_once

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

LOGINS = int(os.environ.get("JOURNEY_LOGINS", "200"))
THREADS, SLOTS = 16, 2
HASH_MIB = 19
# What sixteen threads with their stacks, connections and answers take besides hashes.
OTHER_MIB = 60


@dataclass
class Scales:
    """Weighs processes, now and at their heaviest while ``watching``."""

    processes: list[psutil.Process]
    heaviest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def weigh(self) -> float:
        """Return the MiB that the heaviest of them occupies."""
        mib = max(process.memory_info().rss / 2**20 for process in self.processes)
        self.heaviest = max(self.heaviest, mib)
        return mib

    def __enter__(self) -> Scales:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.weigh()


def stormer(world: World) -> Callable[[int], Answer]:
    """Mix right passwords, wrong ones and strangers, a third of it from one network."""
    people = world.populate(LOGINS)

    def sign_in(number: int) -> Answer:
        address = "10.9.9.9" if number % 3 == 0 else f"10.0.{number >> 8}.{number & 255}"
        caller = Caller(world.web.port, address=address, is_kept=False, timeout=300)
        email = people[number] if number % 4 else f"stranger{number}@example.com"
        password = PASSWORD if number % 2 else "not the right password at all"
        return caller.send("POST", "/api/v1/auth/login", {"email": email, "password": password})

    return sign_in


def test_a_thousand_logins_at_once_are_answered_within_bounded_memory(deploy, figure):
    world = deploy(WEB_THREADS=str(THREADS), HASH_SLOTS=str(SLOTS))
    sign_in = stormer(world)
    warm_up = world.visitor(world.populate(1)[0], is_kept=False)
    assert {warm_up.sign_in().status for _ in range(8)} == {200}
    scales = Scales([psutil.Process(pid) for pid in world.web.worker_pids()])
    before = scales.weigh()
    with scales:
        answers = at_once(sign_in, times=LOGINS)
    statuses = {status: sum(a.status == status for a in answers) for status in (200, 401, 429, 503)}
    figure(f"{statuses}; {summary(answers)}")
    figure(f"heaviest worker: {before:.0f} MiB before, {scales.heaviest:.0f} MiB at its peak")
    assert sum(statuses.values()) == LOGINS
    told_to_wait = [answer for answer in answers if answer.status in (429, 503)]
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in told_to_wait)
    assert scales.heaviest - before < SLOTS * HASH_MIB + OTHER_MIB
    assert warm_up.sign_in().status == 200
