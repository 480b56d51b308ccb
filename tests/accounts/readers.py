"""People and programs who read the trail of their organization over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from audit.models import AuditRow
from plinto.kernel.ids import uuid7
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.audit.rows import a_row


def trail(club: Club, by: Person | None = None, **query: Any) -> dict[str, Any]:
    """A page of a club's trail, as its owner sees it unless told who; ``from_`` for ``from``."""
    named = urlencode({name.rstrip("_"): value for name, value in query.items()})
    answer = club.as_(by or club.owner, "GET", f"/audit?{named}")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def actions(club: Club, **query: Any) -> list[str]:
    """What happened in a club, newest first."""
    return [row["action"] for row in trail(club, **query)["results"]]


def happened(club: Club, *, at: datetime | None = None, **columns: Any) -> AuditRow:
    """Something that happened in a club, at that moment if it matters when."""
    if at:
        late = int(at.timestamp() * 1000) << 80
        columns = {"occurred_at": at, "id": UUID(int=late | uuid7().int % (1 << 80)), **columns}
    row = a_row(organization_id=club.id, **columns)
    row.save()
    return row
