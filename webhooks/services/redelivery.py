"""
Deliveries that go out once more: their rows come due again, from the start of the schedule.

The event stays the same and so does its id, by which receivers know what they have had. What is
due already is left alone, because it would lose its place in the schedule, and its lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from resilience.leases import State
from webhooks.models import Delivery, Endpoint

# One transaction changes this many, and one request does it this often.
PORTION = 500
MOST_PORTIONS = 10


@dataclass(frozen=True, slots=True)
class Redelivered:
    """How many deliveries came due again, and whether there are more that failed."""

    deliveries: int
    has_more: bool


def again(rows: QuerySet[Delivery], *, now: datetime) -> int:
    """Make those of ``rows`` due that are not, and return how many there were."""
    return rows.exclude(state=State.DUE).update(
        state=State.DUE,
        due_at=now,
        scheduled_at=now,
        tries=0,
        attempts=0,
        lease=None,
        settled_at=None,
        last_error="",
    )


def some_that_failed(endpoint: Endpoint, *, since: datetime, now: datetime) -> int:
    """Make the oldest that were given up due again, of those written since; return how many."""
    failed = Delivery.objects.filter(endpoint=endpoint, state=State.ABANDONED)
    oldest = failed.filter(pk__gte=_first_id(since)).order_by("pk")
    keys = list(oldest.values_list("pk", flat=True)[:PORTION])
    return again(failed.filter(pk__in=keys), now=now)


def _first_id(moment: datetime) -> UUID:
    """The least id of what was written at a moment: UUIDv7 begins with the milliseconds."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
