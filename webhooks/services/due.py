"""
Which messages to send next: of every receiver that waits, in turn, whatever the others' backlogs.

The partial index over (endpoint, due time) is entered once for each endpoint that has anything due
and left at once, so half a million rows of one cost the others nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from resilience import leases
from webhooks.models import Delivery, Endpoint
from webhooks.services.receivers import Place, Receivers

LEASE = timedelta(minutes=1)
_PAGE = 64
_BEGINNING = UUID(int=0)
# Each scalar query is one descent into the index; a planner that may join reads all of it.
# The state is spelt out because SQLite uses a partial index for nothing less.
_WAITING = """
WITH RECURSIVE waiting (id) AS (
    SELECT (SELECT d.endpoint_id FROM webhooks_delivery d
            WHERE d.state = 'due' AND d.endpoint_id > %s
            ORDER BY d.endpoint_id, d.due_at LIMIT 1)
    UNION ALL
    SELECT (SELECT d.endpoint_id FROM webhooks_delivery d
            WHERE d.state = 'due' AND d.endpoint_id > waiting.id
            ORDER BY d.endpoint_id, d.due_at LIMIT 1)
    FROM waiting WHERE waiting.id IS NOT NULL
)
SELECT e.* FROM waiting CROSS JOIN webhooks_endpoint e
WHERE e.id = waiting.id AND e.state = 'active' AND e.id NOT IN ({full})
  AND (SELECT d.due_at FROM webhooks_delivery d
       WHERE d.state = 'due' AND d.endpoint_id = waiting.id
       ORDER BY d.endpoint_id, d.due_at LIMIT 1) <= %s
LIMIT %s
"""

Claimed = tuple[Delivery, Endpoint, Place]


class Round:
    """Goes round the endpoints, a few at a time; each worker has its own."""

    def __init__(self) -> None:
        self._after = _BEGINNING

    def claim(self, receivers: Receivers, *, now: datetime) -> list[Claimed]:
        """Lease as many messages as there are places for, each with the place it took."""
        chosen: dict[Endpoint, list[Place]] = {}
        for endpoint in self._next(receivers, now):
            if not receivers.free:
                break
            self._after = endpoint.pk
            if places := receivers.take(endpoint):
                chosen[endpoint] = places
        claimed: list[Claimed] = []
        try:
            for delivery in _leased(chosen, now) if chosen else []:
                endpoint = next(each for each in chosen if each.pk == delivery.endpoint_id)
                claimed.append((delivery, endpoint, chosen[endpoint].pop()))
        finally:
            for places in chosen.values():
                for place in places:
                    receivers.leave(place)
        return claimed

    def _next(self, receivers: Receivers, now: datetime) -> list[Endpoint]:
        if not receivers.free:
            return []
        full, after = receivers.full(), self._after
        found = _waiting(after, full, now)
        if len(found) < _PAGE and after != _BEGINNING:
            self._after = _BEGINNING
            known = {endpoint.pk for endpoint in found}
            found += [each for each in _waiting(_BEGINNING, full, now) if each.pk not in known]
        return found


def _leased(chosen: dict[Endpoint, list[Place]], now: datetime) -> list[Delivery]:
    portions = [
        (Delivery.objects.filter(endpoint=endpoint.pk), len(places))
        for endpoint, places in chosen.items()
    ]
    return leases.claim_each(portions, lease_for=LEASE, now=now)


def _waiting(after: UUID, full: list[UUID], now: datetime) -> list[Endpoint]:
    """List the active endpoints beyond ``after`` that have something due, but for the full ones."""
    excluded = [_key(each) for each in full] or [_key(_BEGINNING)]
    query = _WAITING.format(full=", ".join(["%s"] * len(excluded)))
    moment = connection.ops.adapt_datetimefield_value(now)
    return list(Endpoint.objects.raw(query, [_key(after), *excluded, moment, _PAGE]))


def _key(id: UUID) -> Any:
    return Endpoint._meta.pk.get_db_prep_value(id, connection)
