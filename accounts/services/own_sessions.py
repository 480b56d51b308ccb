"""What people do with their own sessions: look at them, and end them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from accounts import controls
from accounts.models import Session
from accounts.services import refresh_tokens, sessions
from audit.parties import Actor
from plinto.kernel import pages
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts


def of_user(user_id: UUID, *, wanted: pages.PageRequest, now: datetime) -> pages.Page[Session]:
    """List a person's live sessions, newest first."""
    return pages.cut(refresh_tokens.usable(sessions.live(user_id, now=now), now=now), wanted=wanted)


@enforces(controls.SESSION_REVOCATION)
@after_conflicts
def end_one(
    user_id: UUID, *, session_id: UUID, actor: Actor, origin: Origin, now: datetime
) -> None:
    """
    End one session of a person.

    :raises NotFoundError: it has ended already, or is not theirs
    """
    chosen = sessions.live(user_id, now=now).filter(pk=session_id)
    if not sessions.end(chosen, reason="ended by its person", actor=actor, origin=origin, now=now):
        raise NotFoundError


@enforces(controls.SESSION_REVOCATION)
@after_conflicts
def end_own(
    user_id: UUID,
    *,
    reason: str,
    actor: Actor,
    origin: Origin,
    now: datetime,
    keep: UUID | None = None,
) -> int:
    """End the sessions of a person who asks for it, in a transaction of its own."""
    return sessions.end_all(user_id, reason=reason, actor=actor, origin=origin, now=now, keep=keep)
