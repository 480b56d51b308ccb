"""
What is sent of an event: composed from the trail at each try, so an erasure is heeded by then.

A message is at most 64 KB. Where what was changed would make it longer, that is left out and
``changes_omitted`` says so: whoever wants to know reads the trail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson

from audit.chain import moment
from audit.models import AuditRow
from audit.services import personal
from audit.services.personal import Opened
from webhooks import catalogue
from webhooks.models import Delivery

LONGEST = 64 * 1024


def composed(deliveries: Iterable[Delivery]) -> dict[UUID, bytes]:
    """Return the bodies by delivery; what has left the trail since has none."""
    deliveries = list(deliveries)
    rows = AuditRow.objects.in_bulk({each.event_id for each in deliveries})
    opened = personal.opened(rows.values())
    return {
        each.pk: body(each.type, rows[each.event_id], opened[each.event_id])
        for each in deliveries
        if each.event_id in rows
    }


def body(type: str, row: AuditRow, opened: Opened) -> bytes:
    """Write one message as JSON."""
    told: dict[str, Any] = {
        "type": type,
        "timestamp": moment(row.occurred_at),
        "data": catalogue.said(type, row, opened),
    }
    written = orjson.dumps(told)
    if len(written) > LONGEST:
        told["data"] |= {"changes": {}, "changes_omitted": True}
        written = orjson.dumps(told)
    return written
