"""Rows of the trail for tests whose subject is not how they came about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from audit.models import AuditRow
from audit.services import personal
from audit.services.personal import Opened

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def a_row(**columns: Any) -> AuditRow:
    """A valid row, not saved, with ``columns`` as given."""
    described = {
        "occurred_at": NOON,
        "action": "user.registered",
        "outcome": "success",
        "actor_kind": "anonymous",
        "target_kind": "user",
    }
    return AuditRow(**{**described, **columns})


def told(row: AuditRow) -> Opened:
    """What a row tells about people to whoever holds their keys."""
    return personal.opened([row])[row.pk]
