"""When a message that did not get through is sent again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# Those of Standard Webhooks 1.0, and the last try after a little more than three days.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# What a receiver asks for counts, but it must not put a message off for years.
LONGEST_WISH = WAITS[-1]
_SPREAD = 0.2  # so that what failed together does not come back together


def next_try(
    *,
    tries: int,
    now: datetime,
    wish: timedelta | None = None,
    draw: Callable[[], float] = random.random,
) -> datetime | None:
    """
    Return when to send again after ``tries`` tries, or None when that was the last.

    ``wish`` is what the receiver asked for; it makes a wait longer, never shorter.
    """
    if tries > len(WAITS):
        return None
    wait = WAITS[tries - 1] * (1 + _SPREAD * draw())
    return now + max(wait, min(wish or wait, LONGEST_WISH))


def wish_of(header: str, *, now: datetime) -> timedelta | None:
    """Read ``Retry-After`` (RFC 9110, section 10.2.3): seconds or a date; None if it is neither."""
    if header.isascii() and header.isdigit():
        return timedelta(seconds=min(int(header[:12]), int(LONGEST_WISH.total_seconds())))
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta())
