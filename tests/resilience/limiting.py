"""Policies and subjects of tests, and limiters that stand for processes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

from resilience.limits import Bucket, Limit
from resilience.policies import Policy
from resilience.ratelimit import Limiter
from resilience.redis import Door
from resilience.verdicts import Verdict

_numbers = itertools.count()


def policy(
    most: int, *, seconds: float = 60, is_authentication: bool = False, asks_nobody: bool = False
) -> Policy:
    limit = Limit("test", most, timedelta(seconds=seconds))
    return Policy(
        name="test",
        limits={"address": limit, "account": limit, "key": limit},
        is_authentication=is_authentication,
        asks_nobody=asks_nobody,
    )


def somebody(of: Policy) -> Bucket:
    """The bucket of a subject whom nobody has met."""
    return Bucket.of(of.limits["address"], next(_numbers))


def process(door: Door | None, *, among: int = 2, clock: Callable[[], float] | None = None):
    """What one process counts with, which believes that there are so many."""
    options = {} if clock is None else {"clock": clock}
    return Limiter(door, processes=lambda: among, **options)


def knock(limiter: Limiter, of: Policy, *buckets: Bucket, times: int) -> list[Verdict]:
    return [limiter.take(of, buckets) for _ in range(times)]


def admitted(verdicts: list[Verdict]) -> int:
    return sum(verdict.is_admitted for verdict in verdicts)
