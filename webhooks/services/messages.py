"""
What is sent of an event: composed from the trail at each try, so an erasure is heeded by then.

A message is at most 64 KB. Where what was changed would make it longer, that is left out and
``changes_omitted`` says so: whoever wants to know reads the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from audit.chain import moment
from audit.models import AuditRow
from audit.services import personal
from webhooks import catalogue
from webhooks.models import Delivery

LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """What a message is composed from: its row, and the keys of whom rows name."""

    row: AuditRow
    keys: Mapping[str, bytes]


def sources(deliveries: Iterable[Delivery]) -> dict[UUID, Source]:
    """Read the rows of some messages, by event; what has left the trail since is missing."""
    rows = AuditRow.objects.in_bulk({each.event_id for each in deliveries})
    keys = personal.keys_of(rows.values())
    return {event_id: Source(row, keys) for event_id, row in rows.items()}


def body(type: str, source: Source) -> bytes:
    """
    Write one message as JSON.

    :raises ConfigurationError: what the row tells of somebody does not open
    """
    row = source.row
    told: dict[str, Any] = {
        "type": type,
        "timestamp": moment(row.occurred_at),
        "data": catalogue.said(type, row, personal.opened_by(source.keys, row)),
    }
    written = orjson.dumps(told)
    if len(written) > LONGEST:
        told["data"] |= {"changes": {}, "changes_omitted": True}
        written = orjson.dumps(told)
    return written
