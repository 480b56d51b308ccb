"""
Sixteen clients, two workers, and a Redis that is killed, comes back empty, stalls and resumes.

The full form is ``JOURNEY_SECONDS=60``: killed at 10 s, back at 25 s, stalled at 35 s, resumed at
50 s, with every setting at its default but RECOVERY_TIMEOUT, whose 60 s would outlast the run.
The short form has the same phases in a third of the time, and SECURITY_COPY_TTL shortened in the
same way, so that copies in Redis are believed again in the phases between.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import pytest

from tests.journeys.clients import Answer
from tests.journeys.ledger import Ledger, crowd, summary
from tests.journeys.noon import Routine, Watch
from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

SECONDS = float(os.environ.get("JOURNEY_SECONDS", "20"))
PHASES = {"up": 10, "killed": 15, "back, empty": 10, "stalled": 15, "resumed": 10}  # of sixty
CLIENTS = 16
# A health page looks once a second, and the breaker needs failures to open.
NOTICED_WITHIN = 2.5


@dataclass
class Day:
    """What the clients and the health page saw in each phase."""

    world: World
    ledger: Ledger = field(default_factory=Ledger)
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)

    def pass_by(self) -> None:
        """Let the clients live while Redis goes through its phases."""
        turns = [
            time.monotonic() + SECONDS * past / 60 for past in accumulate([0, *PHASES.values()])
        ]
        self.spans = dict(zip(PHASES, pairwise(turns), strict=True))
        self.watch = Watch(self.world.caller(is_kept=False))
        self.routines = [
            Routine(self.world, email, f"10.0.0.{number}", self.ledger, random.Random(number))
            for number, email in enumerate(self.world.populate(CLIENTS))
        ]
        threads = crowd(lambda number: self.routines[number].go_on_until(turns[-1]), size=CLIENTS)
        threads += crowd(lambda _: self.watch.look_until(turns[-1]), size=1)
        for phase, (begin, _) in self.spans.items():
            time.sleep(max(0.0, begin - time.monotonic()))
            self._harm(phase)
        for thread in threads:
            thread.join()

    def answers(self, phase: str) -> list[Answer]:
        begin, end = self.spans[phase]
        return [answer for _, answer in self.ledger.answers if begin <= answer.began < end]

    def health(self, phase: str, *, after: float = 0.0) -> set[str]:
        begin, end = self.spans[phase]
        return self.watch.between(begin + after, end)

    def _harm(self, phase: str) -> None:
        redis = self.world.redis
        acts: dict[str, Callable[[], None]] = {
            "killed": redis.kill,
            "back, empty": redis.restart,
            "stalled": redis.stall,
            "resumed": redis.resume,
        }
        if phase in acts:
            acts[phase]()


@pytest.fixture
def day(deploy: Callable[..., World]) -> Day:
    shortened = {} if SECONDS >= 60 else {"SECURITY_COPY_TTL": "1"}
    return Day(deploy(RECOVERY_TIMEOUT="0.5", LOG_LEVEL="WARNING", **shortened))


def test_no_answer_is_wrong_while_redis_dies_comes_back_stalls_and_resumes(day, figure):
    day.pass_by()
    for phase in PHASES:
        figure(f"{phase}: {summary(day.answers(phase))}")
    ended = sum(len(routine.ended) for routine in day.routines)
    figure(f"{ended} sessions ended; {dict(day.ledger.count())}")
    assert day.ledger.wrong == []
    assert {status for _, status, _ in day.watch.seen} == {200}
    # On a machine that is this busy a look at Redis may time out now and then.
    assert "ok" in day.health("up")
    assert day.health("killed", after=NOTICED_WITHIN) == {"degraded"}
    assert day.health("stalled", after=NOTICED_WITHIN) == {"degraded"}
    eventually(lambda: {day.watch.look() for _ in range(8)} == {"ok"}, seconds=60)
