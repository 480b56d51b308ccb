"""
Refresh tokens: what they are made of, and how one is exchanged for its successor.

A token is the session's id, 256 secret bits, and a tag only Plinto can make. The session row
holds the digest of the one token that works. Three things follow. Exchange is one conditional
UPDATE, so of fifty concurrent callers one rotates. The successor is computed from its
predecessor, so the other forty-nine, within the grace, are given the very same one although it is
stored nowhere. And any older token proves by its tag that it was issued once, so reuse is
detected without keeping a row for every token ever spent, while an invented token ends nothing.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts import controls
from accounts.errors import RefreshTokenReused
from accounts.models import Session, User
from accounts.services import refresh_statement
from audit.events import Event
from audit.parties import Actor, ActorKind, Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import keyed_digest, token_digest
from plinto.kernel.exceptions import TokenError
from plinto.kernel.origin import Origin
from resilience.contract import enforces

PREFIX = "plr_"
# Browsers race themselves: two tabs wake and refresh at once.
GRACE = timedelta(seconds=10)

_SECRET = 32
_TAG = 16


@dataclass(frozen=True, slots=True)
class Rotation:
    """The session a refresh token belongs to, and the token that replaces it."""

    session: Session
    successor: str


class Idle(Exception):
    """The right token of a session that went without a refresh for too long."""

    def __init__(self, session_id: UUID) -> None:
        super().__init__()
        self.session_id = session_id


def usable(chosen: QuerySet[Session], *, now: datetime) -> QuerySet[Session]:
    """Leave out sessions that were idle too long: nothing can go on with them."""
    return chosen.filter(last_seen_at__gt=now - settings.SESSION_IDLE)


def first(session_id: UUID) -> str:
    """Mint the first token of a session."""
    return _token(session_id, secrets.token_bytes(_SECRET))


def digest(token: str) -> bytes:
    """What the session row keeps of a token."""
    return token_digest(token)


def session_of(presented: str) -> UUID:
    """
    Say which session a token was issued for, whether or not it works still.

    :raises TokenError: Plinto never issued it
    """
    session_id = _session_of(presented)
    if not _is_authentic(session_id, presented):
        raise TokenError(reason="refresh token was never issued")
    return session_id


@enforces(controls.REFRESH_REUSE)
def rotate(presented: str, *, origin: Origin, now: datetime) -> Rotation:
    """
    Exchange a refresh token for its successor.

    Twins within the grace get the same successor; anything later is theft (RFC 9700,
    section 4.14.2) and ends this session, and no other.

    :raises TokenError: unknown, expired, or of an ended session
    :raises RefreshTokenReused: spent before; the session has to be ended
    :raises Idle: good, but not used for ``SESSION_IDLE``; the session has to be ended
    """
    session_id = _session_of(presented)
    spent = digest(presented)
    successor = _successor(session_id, presented)
    exchange = _in_one_statement if connection.vendor == "postgresql" else _in_a_transaction
    session = exchange(session_id, spent, digest(successor), origin=origin, now=now)
    if session is not None:
        return Rotation(session, successor)
    return _late(session_id, presented, successor, now=now)


def _in_one_statement(
    session_id: UUID, spent: bytes, successor: bytes, *, origin: Origin, now: datetime
) -> Session | None:
    return refresh_statement.rotated(
        session_id, spent=spent, successor=successor, origin=origin, now=now
    )


@transaction.atomic
def _in_a_transaction(
    session_id: UUID, spent: bytes, successor: bytes, *, origin: Origin, now: datetime
) -> Session | None:
    is_active = User.objects.filter(pk=OuterRef("user_id"), is_active=True)
    rotated = Session.objects.filter(
        Exists(is_active),
        pk=session_id,
        refresh_digest=spent,
        ended_at=None,
        expires_at__gt=now,
        last_seen_at__gt=now - settings.SESSION_IDLE,
    ).update(
        refresh_digest=successor,
        spent_refresh_digest=spent,
        refreshed_at=now,
        last_seen_at=now,
    )
    if not rotated:
        return None
    session = Session.objects.select_related("user").get(pk=session_id)
    get_audit_service().record(
        Event.SESSION_REFRESHED,
        actor=_actor_of(session.user),
        target=Target("session", id=str(session_id)),
        origin=origin,
        session_id=session_id,
        now=now,
    )
    return session


def _actor_of(user: User) -> Actor:
    return Actor(ActorKind.USER, id=str(user.pk), label=user.email, key=bytes(user.trail_key))


def _late(session_id: UUID, presented: str, successor: str, *, now: datetime) -> Rotation:
    """Decide what a token that did not rotate is: a twin, a thief's, or nobody's."""
    session = Session.objects.select_related("user").filter(pk=session_id).first()
    if session is None or session.ended_at or session.expires_at <= now:
        raise TokenError(reason="refresh token of no live session")
    if not session.user.is_active:
        raise TokenError(reason="person is switched off")
    is_twin = (
        _same(session.spent_refresh_digest, digest(presented))
        and session.refreshed_at is not None
        and now - session.refreshed_at <= GRACE
    )
    if is_twin and _same(session.refresh_digest, digest(successor)):
        return Rotation(session, successor)
    is_idle = session.last_seen_at <= now - settings.SESSION_IDLE
    if is_idle and _same(session.refresh_digest, digest(presented)):
        raise Idle(session_id)
    if _is_authentic(session_id, presented):
        raise RefreshTokenReused(session_id=session_id)
    raise TokenError(reason="refresh token was never issued")


def _token(session_id: UUID, secret: bytes) -> str:
    body = session_id.bytes + secret
    tag = keyed_digest(body, purpose="refresh token tag")[:_TAG]
    return _encode(body + tag)


def _encode(raw: bytes) -> str:
    return PREFIX + urlsafe_b64encode(raw).decode().rstrip("=")


def _successor(session_id: UUID, token: str) -> str:
    return _token(session_id, keyed_digest(token, purpose="refresh token successor"))


def _session_of(token: str) -> UUID:
    return UUID(bytes=_parts(token)[0])


def _is_authentic(session_id: UUID, token: str) -> bool:
    _, secret, tag = _parts(token)
    expected = keyed_digest(session_id.bytes + secret, purpose="refresh token tag")[:_TAG]
    return hmac.compare_digest(tag, expected)


def _parts(token: str) -> tuple[bytes, bytes, bytes]:
    encoded = token.removeprefix(PREFIX)
    if encoded == token or not encoded.isascii():
        raise TokenError(reason="not a refresh token")
    try:
        raw = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError as error:
        raise TokenError(reason="refresh token is malformed") from error
    # Base64 has many spellings of the same bytes; another spelling of a live token is not reuse.
    if len(raw) != 16 + _SECRET + _TAG or _encode(raw) != token:
        raise TokenError(reason="refresh token is malformed")
    return raw[:16], raw[16 : 16 + _SECRET], raw[16 + _SECRET :]


def _same(stored: bytes | memoryview | None, computed: bytes) -> bool:
    return stored is not None and hmac.compare_digest(bytes(stored), computed)
