"""
What a token is worth at this moment (RFC 7662), told to a program with an API key.

Every answer reads the rows: a session that ended a moment ago is inactive. Whatever the key may
not know about is inactive too, in the same words and after the same question (section 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts import api_key_controls as controls
from accounts.models import ApiKey
from accounts.organization_errors import SecondFactorRequired
from accounts.rules import api_key_texts, permissions
from accounts.services import access, api_key_standing, presented_tokens, refresh_tokens
from accounts.services.access import get_rbac_service
from accounts.services.api_key_standing import KeyStanding
from plinto.kernel.crypto import token_digest
from resilience.contract import enforces

_INACTIVE: dict[str, Any] = {"active": False}
_SESSION = {
    name: f"user__sessions__{name}"
    for name in ("refresh_digest", "refreshed_at", "created_at", "expires_at")
}


@enforces(controls.INTROSPECTION)
def introspect(who: KeyStanding, token: str, *, now: datetime) -> dict[str, Any]:
    """
    Describe an access token, a refresh token or an API key as the members of RFC 7662 do.

    :raises InsufficientScope: the key was not made for this
    """
    who.require(permissions.INTROSPECT_TOKENS)
    if api_key_texts.is_meant(token):
        return _of_key(who, token_digest(token), now=now)
    return _of_session(who, token, now=now)


def _of_key(who: KeyStanding, digest: bytes, *, now: datetime) -> dict[str, Any]:
    own = ApiKey.objects.filter(organization_id=who.organization_id)
    key = own.filter(api_key_standing.having(digest)).first()
    if key is None:
        return _INACTIVE
    end = api_key_standing.end_of(key, digest)
    if end and end <= now:
        return _INACTIVE
    return {
        "active": True,
        "token_use": "api_key",
        "token_type": "Bearer",
        "scope": " ".join(key.scopes),
        "client_id": str(key.pk),
        "sub": str(key.pk),
        "org": str(key.organization_id),
        "iss": settings.PUBLIC_URL,
        "iat": _seconds(key.created_at),
        **({"exp": _seconds(end)} if end else {}),
    }


def _of_session(who: KeyStanding, token: str, *, now: datetime) -> dict[str, Any]:
    presented = presented_tokens.read(token)
    chosen = presented_tokens.memberships_of(
        presented, organization_id=who.organization_id, now=now
    )
    # Session, person, membership and role are read as of one moment.
    row = access.with_rights(chosen, "user_id", "user__email", *_SESSION.values()).first()
    if row is None:
        return _INACTIVE
    session = {name: row[column] for name, column in _SESSION.items()}
    about = {
        "active": True,
        "scope": _scope_of(row, who.organization_id, now=now),
        "username": row["user__email"],
        "sub": str(row["user_id"]),
        "org": str(who.organization_id),
        "sid": str(presented.session_id),
        "iss": settings.PUBLIC_URL,
    }
    if presented.claims:
        taken = {name: presented.claims[name] for name in ("aud", "jti", "iat", "exp")}
        return {**about, **taken, "token_use": "access_token", "token_type": "Bearer"}
    if bytes(session["refresh_digest"]) != refresh_tokens.digest(token):
        return _INACTIVE
    return {
        **about,
        "token_use": "refresh_token",
        "iat": _seconds(session["refreshed_at"] or session["created_at"]),
        "exp": _seconds(session["expires_at"]),
    }


def _scope_of(row: Mapping[str, Any], organization_id: UUID, *, now: datetime) -> str:
    """What a member may do; nothing, while they lack a second factor that is asked of all."""
    try:
        found = get_rbac_service().of_row(row, organization_id, now=now)
    except SecondFactorRequired:
        return ""
    return " ".join(found.permissions)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
