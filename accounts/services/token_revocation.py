"""
Ending a token that somebody else holds (RFC 7009), by a program with an API key.

An access or refresh token ends its session, so whatever came of the same sign-in ends with it. A
token that is unknown, expired or somebody else's is as good as revoked (section 2.2), so the
answer never tells which it was.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import api_key_controls, controls
from accounts.api_key_errors import InsufficientScope
from accounts.rules import api_key_texts, permissions
from accounts.services import api_key_removal, presented_tokens, sessions
from accounts.services.api_key_standing import KeyStanding
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import token_digest
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts


@enforces(controls.SESSION_REVOCATION, api_key_controls.API_KEYS)
@after_conflicts
def revoke(who: KeyStanding, token: str, *, origin: Origin, now: datetime) -> None:
    """
    End a session of somebody in the key's organization, or a key of it.

    Every key may revoke itself; a key that leaked should not need a scope to be stopped.

    :raises InsufficientScope: the key was not made for this, and ``token`` is not the key itself
    """
    is_key = api_key_texts.is_meant(token)
    if not (is_key and token_digest(token) == who.digest):
        _require_scope(who, origin=origin, now=now)
    with transaction.atomic():
        if is_key:
            api_key_removal.end_secret(token_digest(token), by=who, origin=origin, now=now)
        else:
            _end_session(who, token, origin=origin, now=now)


def _end_session(who: KeyStanding, token: str, *, origin: Origin, now: datetime) -> None:
    presented = presented_tokens.read(token)
    chosen = presented_tokens.sessions_of(presented, organization_id=who.organization_id)
    live = chosen.filter(expires_at__gt=now)
    if sessions.end(live, reason="token revoked", actor=who.actor, origin=origin, now=now):
        get_audit_service().record(
            Event.TOKEN_REVOKED,
            actor=who.actor,
            target=Target("session", id=str(presented.session_id)),
            origin=origin,
            organization_id=who.organization_id,
            session_id=presented.session_id,
            now=now,
        )


def _require_scope(who: KeyStanding, *, origin: Origin, now: datetime) -> None:
    try:
        who.require(permissions.REVOKE_TOKENS)
    except InsufficientScope as refusal:
        get_audit_service().record_refusal(
            Event.TOKEN_REVOKED,
            actor=who.actor,
            target=who.target,
            origin=origin,
            organization_id=who.organization_id,
            reason=refusal.reason,
            now=now,
        )
        raise
