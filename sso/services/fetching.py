"""When the worker asks an identity provider again."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from resilience import backoff

EVERY = timedelta(hours=1)
_SPREAD = timedelta(minutes=10)
_BASE, _CAP = timedelta(minutes=2), timedelta(hours=2)


def next_after(now: datetime) -> datetime:
    """When all is well: hourly, and not all connections of a provider at the same moment."""
    return now + EVERY - _SPREAD * random.random()  # noqa: S311 - spreads, and hides nothing


def next_try(now: datetime, *, attempt: int) -> datetime:
    """After failure number ``attempt`` in a row: within minutes at first, then within hours."""
    waits = backoff.delay(attempt=attempt, base=_BASE, cap=_CAP, draw=random.random)
    return now + timedelta(minutes=1) + waits
