"""
Sessions: opened in one place, ended for real.

Every way in ends in ``_open``, so the checks that guard a session stand in one function. Whoever
has a second factor gets no session there without it, but an ``Awaiting``; a way in cannot
overlook that, because its types do not fit until it has said what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts import controls, federation_controls
from accounts.errors import InvalidCredentials
from accounts.models import Session, User
from accounts.services import (
    erasure_letters,
    factor_codes,
    pending_sign_ins,
    refresh_tokens,
    sso_policy,
    standing,
)
from accounts.services.factor_codes import Proved
from accounts.services.federation import Voucher, get_sso_service
from accounts.services.known_devices import tell_if_new
from accounts.services.pending_sign_ins import Awaiting, Door
from accounts.services.tokens import get_jwt_service
from audit.events import Event
from audit.parties import Actor, ActorKind, Target
from audit.services.record import Entry, get_audit_service
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import Origin
from resilience.contract import enforces

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
) -> SignedIn | Awaiting:
    """
    Open a session and hand out its tokens, or ask for the second factor that is lacking.

    ``voucher`` is of the connection by which somebody came in.

    :raises InvalidCredentials: the account may not sign in any more
    """
    key = uuid7()
    refresh = refresh_tokens.first(key)
    session = _new(user, key, refresh, methods=methods, origin=origin, now=now)
    if voucher is not None:
        _vouch(session, voucher, is_proved_here=second is not None)
    access = get_jwt_service().issue(session, now=now)
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
    return awaiting or SignedIn(session=session, user=user, access=access, refresh=refresh)


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
    key = uuid7()
    refresh = refresh_tokens.first(key)
    session = _new(user, key, refresh, methods=methods, origin=origin, now=now)
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


def _new(
    user: User, key: UUID, refresh: str, *, methods: list[str], origin: Origin, now: datetime
) -> Session:
    return Session(
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
            if not mine.update(last_login=now, erase_at=None, **upgrade):
                raise InvalidCredentials(reason="account changed while signing in")
            # The admin site is for whoever runs the deployment, whatever an organization wants.
            if door is not Door.ADMIN:
                glass = sso_policy.judge(session, actor, voucher, origin=origin, now=now)
            if not is_proved and factor_codes.any_of(session.user_id):
                raise _FactorWanted
            session.save(force_insert=True)
            if voucher and not get_sso_service().opened(session.pk, voucher, now=now):
                raise InvalidCredentials(reason="connection was switched off meanwhile")
            get_audit_service().record(
                Event.SESSION_STARTED,
                actor=actor,
                target=Target("session", id=str(session.pk)),
                origin=origin,
                session_id=session.pk,
            )
            if glass:
                sso_policy.break_glass(glass, session, actor, origin=origin, now=now)
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


@enforces(controls.SESSION_REVOCATION)
def end_all(
    user_id: UUID,
    *,
    reason: str,
    actor: Actor,
    origin: Origin,
    now: datetime,
    keep: UUID | None = None,
) -> int:
    """
    End all sessions of a person but for the one to keep, and those that are about to begin.

    In the caller's transaction if there is one.
    """
    with transaction.atomic():
        pending_sign_ins.void(user_id)
        chosen = live(user_id, now=now, but=keep)
        return end(chosen, reason=reason, actor=actor, origin=origin, now=now)


@enforces(controls.SESSION_REVOCATION)
def end(
    chosen: QuerySet[Session], *, reason: str, actor: Actor, origin: Origin, now: datetime
) -> int:
    """
    End sessions at once and say how many, in the caller's transaction if there is one.

    The row is the truth; copies in Redis are buried as soon as it is committed, so the next
    request on any worker is refused.
    """
    with transaction.atomic():
        # One order for all callers: rows locked in different orders would deadlock.
        held = chosen.filter(ended_at=None).order_by("pk").select_for_update()
        keys = list(held.values_list("pk", flat=True))
        if not keys:
            return 0
        ended = Session.objects.filter(pk__in=keys, ended_at=None).update(
            ended_at=now, end_reason=reason, version=F("version") + 1
        )
        told: dict[str, Any] = {"actor": actor, "origin": origin, "reason": reason}
        targets = {key: Target("session", id=str(key)) for key in keys}
        get_audit_service().record_all(
            Entry(event=Event.SESSION_ENDED, target=targets[key], session_id=key, **told)
            for key in keys
        )
        transaction.on_commit(lambda: standing.bury(keys))
    return ended


def live(user_id: UUID, *, now: datetime, but: UUID | None = None) -> QuerySet[Session]:
    """Choose the sessions with which a person is signed in, ``but`` for one."""
    chosen = Session.objects.filter(user_id=user_id, ended_at=None, expires_at__gt=now)
    return chosen.exclude(pk=but) if but else chosen
