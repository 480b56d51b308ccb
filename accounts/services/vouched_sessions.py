"""Sessions that somebody else vouched for, ended on their word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from uuid import UUID

from accounts import controls
from accounts.models import Session
from accounts.services import sessions
from audit.parties import SYSTEM
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

# One long statement would hold its locks past its timeout.
_PORTION = 500


@enforces(controls.SESSION_REVOCATION)
def end(
    session_ids: Iterable[UUID], *, connection_id: UUID, reason: str, origin: Origin, now: datetime
) -> int:
    """End those of the sessions that came by a connection, at once, and say how many."""
    waiting, ended = iter(session_ids), 0
    while portion := list(islice(waiting, _PORTION)):
        ended += _end_some(
            portion, connection_id=connection_id, reason=reason, origin=origin, now=now
        )
    return ended


@after_conflicts
def _end_some(
    session_ids: list[UUID], *, connection_id: UUID, reason: str, origin: Origin, now: datetime
) -> int:
    chosen = Session.objects.filter(pk__in=session_ids, connection_id=connection_id)
    return sessions.end(chosen, reason=reason, actor=SYSTEM, origin=origin, now=now)
