"""
Redis comes and goes all day: nothing is wrong, and no process grows by it.

The full form is ``JOURNEY_FLAPS=200000``, so many requests with Redis killed, brought back, stalled
and resumed, five seconds each. The short form has fewer requests and flaps as many times a second.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle

import psutil
import pytest

from tests.journeys.ledger import Ledger, crowd
from tests.journeys.noon import Routine
from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

REQUESTS = int(os.environ.get("JOURNEY_FLAPS", "3000"))
IS_FULL = REQUESTS >= 200_000
FLAP_SECONDS = 5.0 if IS_FULL else 0.5
CLIENTS = 8
MOST_GROWTH = 1.05
# glibc keeps the memory of a hash or gives it back, as it lies, and what lies in its way makes room
# for a second one; a short warm-up has seen few.
HASH_MIB = 0 if IS_FULL else 2 * 19
# Pools fill up to their size whenever a burst wants it; a leak would be one or more per flap.
POOLS = 16


@dataclass(frozen=True)
class Weight:
    """What one process holds while Redis is well and nobody asks."""

    mib: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> Weight:
        process = psutil.Process(pid)
        return cls(process.memory_info().rss / 2**20, process.num_threads(), process.num_fds())

    def has_grown_since(self, before: Weight) -> bool:
        return (
            self.mib > before.mib * MOST_GROWTH + HASH_MIB
            or self.threads > before.threads + POOLS
            or self.descriptors > before.descriptors + POOLS
        )


@dataclass
class Soak:
    """Clients that never rest, over a Redis that flaps."""

    world: World
    asked: int = 0
    flaps: int = 0
    wrong: list[str] = field(default_factory=list)
    routines: list[Routine] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, email in enumerate(self.world.populate(CLIENTS)):
            address, draw = f"10.60.0.{number}", random.Random(number)
            self.routines.append(Routine(self.world, email, address, Ledger(), draw))

    def go_on_until(self, asked: int) -> dict[int, Weight]:
        """Flap until so many requests were answered, let Redis rest, and weigh the processes."""
        threads = crowd(lambda number: self._work_until(asked, self.routines[number]), size=CLIENTS)
        redis = self.world.redis
        acts: list[Callable[[], None]] = [redis.kill, redis.restart, redis.stall, redis.resume]
        for act in cycle(acts):
            act()
            self.flaps += 1
            time.sleep(FLAP_SECONDS)
            if act in (redis.restart, redis.resume) and not any(one.is_alive() for one in threads):
                break
        eventually(lambda: self._health() == {"ok"}, seconds=60)
        return {pid: Weight.of(pid) for pid in self.world.web.worker_pids()}

    def _work_until(self, asked: int, routine: Routine) -> None:
        while self.asked < asked:
            routine.work_a_shift()
            # Answers are let go, or this process would be the one that grows.
            self.asked += len(routine.ledger.answers)
            self.wrong += routine.ledger.wrong
            routine.ledger.answers.clear()
            routine.ledger.wrong.clear()

    def _health(self) -> set[str]:
        caller = self.world.caller(is_kept=False)
        return {caller.send("GET", "/health/ready").body["status"] for _ in range(8)}


def test_no_answer_is_wrong_and_no_process_grows_while_redis_flaps(deploy, figure):
    soak = Soak(deploy(RECOVERY_TIMEOUT="0.2", SECURITY_COPY_TTL="1", LOG_LEVEL="WARNING"))
    began = time.monotonic()
    warm = soak.go_on_until(REQUESTS // 4)
    end = soak.go_on_until(REQUESTS)
    seconds = time.monotonic() - began
    figure(f"{soak.asked} answers in {seconds:.0f} s, {soak.flaps} flaps")
    for pid, weight in end.items():
        figure(f"worker {pid}: {warm.get(pid)}, then {weight}")
    assert soak.wrong == []
    assert warm.keys() == end.keys()
    assert {pid: weight for pid, weight in end.items() if weight.has_grown_since(warm[pid])} == {}
