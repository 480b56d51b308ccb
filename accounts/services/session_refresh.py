"""Going on with a session by its refresh token, and ending it when the token betrays a thief."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings

from accounts import controls
from accounts.errors import RefreshTokenReused
from accounts.models import Session
from accounts.services import refresh_tokens, sessions
from accounts.services.sessions import SignedIn
from accounts.services.tokens import get_jwt_service
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import TokenError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

_IDLE = "idle for too long"


@enforces(controls.REFRESH_REUSE)
def with_refresh_token(presented: str, *, origin: Origin, now: datetime) -> SignedIn:
    """
    Continue a session.

    :raises TokenError: the refresh token opens nothing; an idle session has now ended
    :raises RefreshTokenReused: it was spent before; its session has now ended
    """
    try:
        return _continued(presented, origin=origin, now=now)
    except RefreshTokenReused as refusal:
        _end_stolen(refusal, origin=origin, now=now)
        raise
    except refresh_tokens.Idle as idle:
        _end_idle(idle.session_id, origin=origin, now=now)
        raise TokenError(reason=_IDLE) from idle
    except TokenError as refusal:
        _not_continued(refusal.reason, origin=origin)
        raise


@after_conflicts
def _continued(presented: str, *, origin: Origin, now: datetime) -> SignedIn:
    # Before anything is spent: a token that was spent for nothing would look stolen when its
    # client tries again. Should signing fail nevertheless, the grace gives the same successor.
    jwt = get_jwt_service()
    jwt.require_key(now=now)
    rotation = refresh_tokens.rotate(presented, origin=origin, now=now)
    session = rotation.session
    access = jwt.issue(session, now=now)
    return SignedIn(session, session.user, access=access, refresh=rotation.successor)


def _end_idle(session_id: UUID, *, origin: Origin, now: datetime) -> None:
    idle = Session.objects.filter(pk=session_id, last_seen_at__lte=now - settings.SESSION_IDLE)
    after_conflicts(sessions.end)(idle, reason=_IDLE, actor=ANONYMOUS, origin=origin, now=now)
    _not_continued(_IDLE, origin=origin)


def _not_continued(reason: str, *, origin: Origin) -> None:
    get_audit_service().record_refusal(
        Event.SESSION_REFRESHED,
        actor=ANONYMOUS,
        target=Target("session"),
        origin=origin,
        reason=reason,
    )


def _end_stolen(refusal: RefreshTokenReused, *, origin: Origin, now: datetime) -> None:
    stolen = Session.objects.filter(pk=refusal.session_id)
    after_conflicts(sessions.end)(
        stolen, reason=refusal.reason, actor=ANONYMOUS, origin=origin, now=now
    )
    get_audit_service().record_refusal(
        Event.SESSION_REFRESH_REUSED,
        actor=ANONYMOUS,
        target=Target("session", id=str(refusal.session_id)),
        origin=origin,
        session_id=refusal.session_id,
        reason=refusal.reason,
    )
