"""What this process counts of its tries: how they ended, and how long they took."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from resilience import measures
from resilience.forks import renew_after_fork
from resilience.readings import Reading, Readings, seconds_of
from resilience.traffic import Tally


class Outcome(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"  # and is sent again
    ABANDONED = "abandoned"


class Figures:
    """Plain integers, as those of ``resilience.traffic``."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._outcomes: Counter[Outcome] = Counter()
        self._tally = Tally()

    def note(self, outcome: Outcome, *, seconds: float) -> None:
        self._outcomes[outcome] += 1
        self._tally.note(seconds)

    def readings(self) -> Readings:
        """Read them for ``resilience.metrics``."""
        for outcome in Outcome:
            yield Reading(measures.WEBHOOK_TRIES, (outcome.value,)), self._outcomes[outcome]
        yield from seconds_of(measures.WEBHOOK_SECONDS, (), [self._tally])


figures = Figures()
