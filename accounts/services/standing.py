"""
Who is signed in, asked on every request.

Redis may hold a copy of the session and of the person; both come in one round trip. The rows
decide: without a shared Redis, with its circuit open, or with either copy missing, one SQL
statement reads them. Copies carry their row's version, live ``SECURITY_COPY_TTL`` at most, and an
ended session leaves a tombstone that no late copy can replace.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts import controls
from accounts.errors import SessionEnded
from accounts.models import Session, User
from accounts.services.verified_tokens import Claims
from audit.parties import Actor, ActorKind
from plinto.kernel import rows
from resilience import copies
from resilience.contract import enforces
from resilience.copies import Copy, Errand
from resilience.postgres.repeatable import repeatable

FRESH_FOR = timedelta(minutes=10)  # how long a proof of who one is opens what asks for one
COPY_LIFETIME = timedelta(seconds=settings.SECURITY_COPY_TTL)
# No access token of the session is valid beyond its lifetime, so nothing asks after that.
TOMBSTONE_LIFETIME = settings.ACCESS_TOKEN_LIFETIME + timedelta(minutes=1)
# An ended session never lives again: greater than every version a row can reach.
_FOR_EVER = 2**53 - 1

_PERSON = (
    "email",
    "email_verified_at",
    "name",
    "locale",
    "timezone",
    "created_at",
    "is_active",
    "trail_key",
    "version",
)
_SESSION = (
    "id",
    "user_id",
    "organization_id",
    "ended_at",
    "expires_at",
    "authenticated_at",
    "proved_at",
    "version",
)


_SHOWN: tuple[Any, ...] = tuple(
    model._meta.get_field(name)
    for model, names in ((Session, _SESSION), (User, _PERSON))
    for name in names
)
_ROWS = """
SELECT {shown} FROM accounts_session JOIN accounts_user ON accounts_user.id = user_id
WHERE accounts_session.id = %s AND user_id = %s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """The signed-in person and session, as every request needs to know them."""

    user_id: UUID
    session_id: UUID
    person: dict[str, Any]
    organization_id: UUID | None
    proved_at: datetime
    # Copies that came along, by their keys; each is used once, so that none grows old.
    brought: dict[str, Copy | None] = field(default_factory=dict, repr=False, compare=False)

    # DRF asks its user this.
    is_authenticated = True

    def has_proved_lately(self, now: datetime) -> bool:
        """Say whether the last proof is fresh; one from the future is a clock that was set back."""
        return abs(now - self.proved_at) <= FRESH_FOR

    @property
    def actor(self) -> Actor:
        """The person as audit rows name who acted."""
        key = b64decode(self.person["trail_key"])
        return Actor(ActorKind.USER, str(self.user_id), label=self.person["email"], key=key)


@enforces(controls.SESSION_REVOCATION, controls.SWITCHED_OFF, controls.PROFILES)
def of(
    claims: Claims, *, now: datetime, errand: Errand | None = None, also: tuple[str, ...] = ()
) -> Standing:
    """
    Say who the bearer of verified claims is at this moment.

    ``errand`` is made in the round trip that the copies take, and copies under the keys of ``also``
    are brought along for whoever asks next.

    :raises SessionEnded: the session has ended or expired, or the person may not sign in
    """
    keys = claims.conclusions.get("keys")
    if keys is None:
        keys = _session_key(claims.session_id), _person_key(claims.user_id)
        claims.conclusions["keys"] = keys
    session, person, *others = copies.read(*keys, *also, errand=errand)
    who = _from_copies(claims, session, person, now=now) or _from_rows(claims, now=now)
    return replace(who, brought=dict(zip(also, others, strict=True))) if also else who


def bury(session_ids: list[UUID], *, is_news: bool = True) -> None:
    """Make every copy of ended sessions unbelievable; called after their rows are committed."""
    keys = [_session_key(session_id) for session_id in session_ids]
    copies.bury(*keys, version=_FOR_EVER, lifetime=TOMBSTONE_LIFETIME, is_news=is_news)


def bury_person(user_id: UUID) -> None:
    """Make every copy of somebody who was erased unbelievable."""
    copies.bury(_person_key(user_id), version=_FOR_EVER, lifetime=TOMBSTONE_LIFETIME)


def refresh_person(user_id: UUID) -> None:
    """Replace the copy of a person after a committed change, so the next request sees it."""
    if not copies.is_shared():
        return
    row = User.objects.filter(pk=user_id).values(*_PERSON).first()
    if row:
        _fill_person(user_id, row)


def refresh_session(session_id: UUID) -> None:
    """Replace the copy of a session after a committed change."""
    if not copies.is_shared():
        return
    row = Session.objects.filter(pk=session_id, ended_at=None).values(*_SESSION).first()
    if row:
        _fill_session(row)


def introduce(session: Session) -> None:
    """Let a copy be there of a session that was just written: its first request finds one."""
    if copies.is_shared():
        _fill_session({name: getattr(session, name) for name in _SESSION})


def person_facts(user: User) -> dict[str, Any]:
    """The part of a person that answers show, in the shape of a copy."""
    return _person_facts({name: getattr(user, name) for name in _PERSON})


def _from_copies(
    claims: Claims, session: Copy | None, person: Copy | None, *, now: datetime
) -> Standing | None:
    """Conclude from two copies; from the same two as before the same follows, until it expires."""
    before = claims.conclusions.get("standing")
    if before and before[0] is session and before[1] is person and now.timestamp() < before[2]:
        concluded: Standing = before[3]
        return concluded
    if session and not session.facts:
        raise SessionEnded(reason="tombstone")
    if not (session and session.facts and person and person.facts):
        return None
    who = _judge(claims, session.facts, person.facts, now=now)
    claims.conclusions["standing"] = session, person, session.facts["expires_at"], who
    return who


def _from_rows(claims: Claims, *, now: datetime) -> Standing:
    values = [claims.session_id, claims.user_id]
    found = repeatable(lambda: rows.first(_ROWS, values, shown=_SHOWN))
    if found is None:
        raise SessionEnded(reason="no such session")
    row = dict(zip(_SESSION, found, strict=False))
    person = dict(zip(_PERSON, found[len(_SESSION) :], strict=True))
    if row["ended_at"]:
        bury([claims.session_id], is_news=False)
        raise SessionEnded(reason="ended")
    session_facts, person_facts = _session_facts(row), _person_facts(person)
    _fill(_session_key(claims.session_id), version=row["version"], facts=session_facts)
    _fill(_person_key(claims.user_id), version=person["version"], facts=person_facts)
    return _judge(claims, session_facts, person_facts, now=now)


def _judge(
    claims: Claims, session: dict[str, Any], person: dict[str, Any], *, now: datetime
) -> Standing:
    if session["user_id"] != str(claims.user_id):
        raise SessionEnded(reason="session of another person")
    if session["expires_at"] <= now.timestamp():
        raise SessionEnded(reason="expired")
    if not person["is_active"]:
        raise SessionEnded(reason="person is switched off")
    organization = session["organization_id"]
    return Standing(
        user_id=claims.user_id,
        session_id=claims.session_id,
        person=person,
        organization_id=UUID(organization) if organization else None,
        proved_at=datetime.fromtimestamp(session["proved_at"], tz=now.tzinfo),
    )


def _session_facts(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": str(row["user_id"]),
        "organization_id": str(row["organization_id"]) if row["organization_id"] else None,
        "expires_at": row["expires_at"].timestamp(),
        "authenticated_at": row["authenticated_at"].timestamp(),
        "proved_at": row["proved_at"].timestamp(),
    }


def _person_facts(row: dict[str, Any]) -> dict[str, Any]:
    created = row["created_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "email": row["email"],
        "email_verified": row["email_verified_at"] is not None,
        "name": row["name"],
        "locale": row["locale"],
        "timezone": row["timezone"],
        "created_at": created,
        "is_active": row["is_active"],
        # Sealed, so that a copy in Redis opens nothing.
        "trail_key": b64encode(row["trail_key"]).decode(),
    }


def _fill_session(row: dict[str, Any]) -> None:
    _fill(_session_key(row["id"]), version=row["version"], facts=_session_facts(row))


def _fill_person(user_id: UUID, row: dict[str, Any]) -> None:
    _fill(_person_key(user_id), version=row["version"], facts=_person_facts(row))


def _fill(key: str, *, version: int, facts: dict[str, Any]) -> None:
    copies.fill(key, version=version, facts=facts, lifetime=COPY_LIFETIME)


def _session_key(session_id: UUID) -> str:
    return f"standing:session:{session_id.hex}"


def _person_key(user_id: UUID) -> str:
    return f"standing:person:{user_id.hex}"
