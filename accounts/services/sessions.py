"""
Sessions: opened in one place, ended for real (``session_ends``).

Every way in ends in ``_open``, so the checks that guard a session stand in one function. Whoever
has a second factor gets no session there without it, but an ``Awaiting``; a way in cannot
overlook that, because its types do not fit until it has said what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import controls, federation_controls
from accounts.errors import InvalidCredentials
from accounts.models import Session, User
from accounts.services import (
    erasure_letters,
    factor_codes,
    pending_sign_ins,
    plain_entries,
    refresh_tokens,
    sso_policy,
    standing,
)
from accounts.services.attempts import Tries
from accounts.services.factor_codes import Proved
from accounts.services.federation import Voucher, get_sso_service
from accounts.services.known_devices import tell_if_new
from accounts.services.pending_sign_ins import Awaiting, Door
from accounts.services.session_ends import end, end_all, live
from accounts.services.tokens import get_jwt_service
from audit.events import Event
from audit.parties import Actor, ActorKind, Target
from audit.services.record import Entry, get_audit_service
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import Origin
from resilience.contract import enforces

__all__ = [
    "SignedIn",
    "actor_of",
    "end",
    "end_all",
    "is_live",
    "live",
    "start",
    "start_without_tokens",
    "target_of",
]

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was opened or continued, with the tokens to use it."""

    session: Session
    user: User
    access: str
    refresh: str


class _FactorWanted(Exception):
    """The person has a second factor, and it was not proved."""


def actor_of(user: User) -> Actor:
    """Name a person as the one who acted."""
    return Actor(ActorKind.USER, id=str(user.pk), label=user.email, key=bytes(user.trail_key))


def target_of(user: User) -> Target:
    """Name a person as the one acted upon."""
    return Target("user", id=str(user.pk), label=user.email, key=bytes(user.trail_key))


def start(
    user: User,
    *,
    methods: list[str],
    origin: Origin,
    now: datetime,
    password_seen: str | None = None,
    password_upgrade: str | None = None,
    second: Proved | None = None,
    voucher: Voucher | None = None,
    tries: Tries | None = None,
    knows_device: bool = False,
) -> SignedIn | Awaiting:
    """
    Open a session and hand out its tokens, or ask for the second factor that is lacking.

    ``voucher`` is of the connection by which somebody came in. ``tries`` are forgiven, of whoever
    came by a password, and ``knows_device`` is what ``candidates`` found out.

    :raises InvalidCredentials: the account may not sign in any more
    """
    session, refresh = _new(user, methods=methods, origin=origin, now=now)
    if voucher is not None:
        _vouch(session, voucher, is_proved_here=second is not None)
    access = get_jwt_service().issue(session, now=now)
    signed_in = SignedIn(session=session, user=user, access=access, refresh=refresh)
    if tries is not None and password_upgrade is None:
        entry = _started(session, actor_of(user), origin)
        if plain_entries.is_taken(session, entry, tries=tries, knows_device=knows_device, now=now):
            transaction.on_commit(lambda: standing.introduce(session))
            return signed_in
    awaiting = _open(
        session,
        door=Door.API,
        origin=origin,
        now=now,
        password_seen=password_seen,
        password_upgrade=password_upgrade,
        second=second,
        voucher=voucher,
    )
    if tries is not None:
        tries.forgive()
    if awaiting is None:
        transaction.on_commit(lambda: standing.introduce(session))
    return awaiting or signed_in


def start_without_tokens(
    user: User,
    *,
    methods: list[str],
    origin: Origin,
    now: datetime,
    lifetime: timedelta,
    password_seen: str,
    second: Proved | None = None,
) -> Session | Awaiting:
    """
    Open a session that a cookie of the admin site refers to, or ask for the second factor.

    Its refresh token is thrown away, so nothing can go on with it.

    :raises InvalidCredentials: the account may not sign in any more
    """
    session, _ = _new(user, methods=methods, origin=origin, now=now)
    session.expires_at = now + lifetime
    awaiting = _open(
        session,
        door=Door.ADMIN,
        origin=origin,
        now=now,
        password_seen=password_seen,
        second=second,
    )
    return awaiting or session


@enforces(controls.STAFF_SESSIONS)
def is_live(session_id: UUID, *, user_id: UUID, now: datetime) -> bool:
    """Ask the row whether a session goes on; for doors whose requests are few."""
    return live(user_id, now=now).filter(pk=session_id).exists()


def _new(user: User, *, methods: list[str], origin: Origin, now: datetime) -> tuple[Session, str]:
    """Make a session, unsaved, and its first refresh token."""
    key = uuid7()
    refresh = refresh_tokens.first(key)
    session = Session(
        pk=key,
        user=user,
        created_at=now,
        last_seen_at=now,
        expires_at=now + settings.SESSION_LIFETIME,
        address=origin.address,
        network=origin.network,
        agent=origin.agent,
        methods=methods,
        authenticated_at=now,
        proved_at=now,
        refresh_digest=refresh_tokens.digest(refresh),
    )
    return session, refresh


def _started(session: Session, actor: Actor, origin: Origin) -> Entry:
    target = Target("session", id=str(session.pk))
    return Entry(
        event=Event.SESSION_STARTED,
        actor=actor,
        target=target,
        origin=origin,
        session_id=session.pk,
    )


def _vouch(session: Session, voucher: Voucher, *, is_proved_here: bool) -> None:
    """
    Let a session be what a connection vouched for.

    When somebody proved themselves is the provider's word, and where it says nothing that was
    never; unless they have just proved a factor here.
    """
    session.connection_id = voucher.connection_id
    if not is_proved_here:
        proved_at = min(voucher.authenticated_at or _NEVER, session.created_at)
        session.authenticated_at = session.proved_at = proved_at


@enforces(controls.SECOND_FACTORS, federation_controls.SSO_REQUIRED)
def _open(
    session: Session,
    *,
    door: Door,
    origin: Origin,
    now: datetime,
    password_seen: str | None = None,
    password_upgrade: str | None = None,
    second: Proved | None = None,
    voucher: Voucher | None = None,
) -> Awaiting | None:
    """
    Write a session, in one transaction with its audit row, unless a second factor is lacking.

    ``password_seen`` is the hash that was verified: if the password changed while it was being
    hashed, or the account was switched off, no session comes of it. The conditional update holds
    the person's row, so a reset that runs at the same time ends this session too, and a factor
    that is confirmed at the same time is either asked for or not there yet.
    """
    upgrade = {"password": password_upgrade} if password_upgrade else {}
    mine = User.objects.filter(pk=session.user_id, is_active=True)
    if password_seen is not None:
        mine = mine.filter(password=password_seen)
    is_proved = second is not None and second.user_id == session.user_id
    glass, actor = None, actor_of(session.user)
    try:
        with transaction.atomic():
            # An erasure may have been asked for since the person was read.
            is_called_off = not mine.filter(erase_at=None).update(last_login=now, **upgrade)
            if is_called_off and not mine.update(last_login=now, erase_at=None, **upgrade):
                raise InvalidCredentials(reason="account changed while signing in")
            # The admin site is for whoever runs the deployment, whatever an organization wants.
            if door is not Door.ADMIN:
                glass = sso_policy.judge(session, actor, voucher, origin=origin, now=now)
            if not is_proved and factor_codes.any_of(session.user_id):
                raise _FactorWanted
            session.save(force_insert=True)
            if voucher and not get_sso_service().opened(session.pk, voucher, now=now):
                raise InvalidCredentials(reason="connection was switched off meanwhile")
            get_audit_service().record_all([_started(session, actor, origin)])
            if glass:
                sso_policy.break_glass(glass, session, actor, origin=origin, now=now)
            if is_called_off:
                erasure_letters.call_off(session, actor, origin=origin, now=now)
            tell_if_new(session, now=now)
    except _FactorWanted:
        return pending_sign_ins.ask(
            session.user,
            methods=session.methods,
            password_upgrade=password_upgrade,
            door=door,
            voucher=voucher,
            actor=actor,
            origin=origin,
            now=now,
        )
    return None
