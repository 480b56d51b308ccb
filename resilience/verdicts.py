"""What becomes of a request that was counted: the verdict, and how many there were of each."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from resilience.forks import renew_after_fork
from resilience.limits import Bucket
from resilience.policies import Policy
from resilience.sliding import Filling


@dataclass(frozen=True, slots=True)
class Tally:
    """One window after the request: its effective limit, what is left, seconds until more is."""

    bucket: Bucket
    most: int
    left: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    Whether a request may go on. ``copies`` is ``None`` if Redis was not asked or did not answer.
    """

    is_admitted: bool
    tallies: tuple[Tally, ...]
    is_stranger: bool = False
    copies: list[Any] | None = None

    @property
    def tightest(self) -> Tally:
        """The window that refuses, or that will be the first to refuse."""
        return min(self.tallies, key=lambda tally: (tally.left, -tally.seconds))


class Verdicts:
    """How often this process admitted and refused, by policy and by where it counted."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._counted: Counter[tuple[str, str, bool]] = Counter()

    def note(self, policy: Policy, *, where: str, is_admitted: bool) -> None:
        self._counted[policy.name, where, is_admitted] += 1

    def counts(self) -> list[tuple[tuple[str, str, bool], int]]:
        return list(self._counted.items())


verdicts = Verdicts()


def tallied(bucket: Bucket, *, most: int, filling: Filling) -> Tally:
    return Tally(
        bucket,
        most=most,
        left=max(0, most - filling.count),
        # Never longer than the window: no clock may keep anybody out for longer.
        seconds=min(max(1, math.ceil(filling.seconds)), bucket.limit.seconds),
    )
