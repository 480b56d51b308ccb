"""How often what a worker does was done and how often it failed, in plain integers."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from resilience.forks import renew_after_fork


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"


class Turns:
    """
    Counts of this process since it began: turns of queues and chores, and tries of single rows.

    Each name is counted by the one thread that serves it.
    """

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._turns: Counter[tuple[str, Outcome]] = Counter()
        self._tries: Counter[tuple[str, Outcome]] = Counter()

    def note(self, turn: str, outcome: Outcome) -> None:
        self._turns[turn, outcome] += 1

    def note_try(self, queue: str, outcome: Outcome) -> None:
        self._tries[queue, outcome] += 1

    def count(self, turn: str, outcome: Outcome) -> int:
        return self._turns[turn, outcome]

    def count_tries(self, queue: str, outcome: Outcome) -> int:
        return self._tries[queue, outcome]


turns = Turns()
