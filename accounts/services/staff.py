"""Staff at the door of the admin site: coming in, leaving, and being refused inside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import controls
from accounts.errors import InvalidCode, SessionEnded
from accounts.models import Session, User
from accounts.services import factor_codes, passkey_sign_in, second_step, sessions, standing
from accounts.services.factor_codes import Answer, Proved
from accounts.services.federation import Voucher
from accounts.services.pending_sign_ins import Awaiting, Door
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import ANONYMOUS, Actor, ActorKind, Target
from audit.services.record import get_audit_service
from plinto.kernel import relying_party
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

_SITE = Target("admin_site")


def actor_of(by: User) -> Actor:
    """Name a member of staff as the one who acted."""
    return Actor(ActorKind.STAFF, id=str(by.pk), label=by.email, key=bytes(by.trail_key))


def admit(person: User, *, origin: Origin, now: datetime) -> None:
    """
    Judge whether a person whose password was right may enter the admin site.

    :raises AuthorizationError: they are not staff
    """
    if not person.is_staff:
        refusal = AuthorizationError(reason="not staff")
        get_audit_service().record_refusal(
            Event.ADMIN_REFUSED,
            actor=sessions.actor_of(person),
            target=_SITE,
            origin=origin,
            reason=refusal.reason,
            now=now,
        )
        raise refusal


def enter(
    person: User,
    *,
    origin: Origin,
    now: datetime,
    methods: list[str] | None = None,
    second: Proved | None = None,
) -> UUID | Awaiting:
    """
    Open a session for a member of staff who was admitted and return its id, or ask for the factor.

    It is a session like any other: seen in lists, ended with the others, and a reason to count
    this network as familiar, so that strangers cannot keep an administrator out.

    :raises InvalidCredentials: the account changed while its password was checked
    """
    with transaction.atomic():
        session = sessions.start_without_tokens(
            person,
            methods=methods or ["pwd"],
            origin=origin,
            now=now,
            lifetime=timedelta(seconds=settings.SESSION_COOKIE_AGE),
            password_seen=person.password,
            second=second,
        )
        if isinstance(session, Awaiting):
            return session
        _record(Event.ADMIN_SIGNED_IN, person, session.pk, origin=origin, now=now)
    return session.pk


def passkey_options(token: str, *, now: datetime) -> dict[str, Any] | None:
    """Say what passkey completes a sign-in at the admin site, if its person has one to use here."""
    if relying_party.origin_of(settings.PUBLIC_URL) not in settings.PASSKEY_ORIGINS:
        return None
    try:
        return passkey_sign_in.options(token, door=Door.ADMIN, now=now)
    except InvalidCode:
        return None


def enter_with_factor(
    token: str, answer: Answer, *, origin: Origin, now: datetime
) -> tuple[User, UUID]:
    """
    Open the session that a sign-in at the admin site waits for; return its person and its id.

    :raises InvalidCode: wrong, whatever was wrong
    :raises TooManyAttempts: the tries of the person or of this sign-in are used up
    """

    def go_on(
        person: User, methods: list[str], second: Proved, _: Voucher | None
    ) -> tuple[User, UUID] | Awaiting:
        if not person.is_staff:
            raise AuthorizationError(reason="not staff")
        opened = enter(person, origin=origin, now=now, methods=methods, second=second)
        return opened if isinstance(opened, Awaiting) else (person, opened)

    return second_step.complete(token, answer, door=Door.ADMIN, enter=go_on, origin=origin, now=now)


@enforces(controls.SECOND_FACTORS)
def has_proved_factor(person: User, session_id: UUID) -> bool:
    """Say whether a person has a second factor, and this session of theirs has shown one."""
    methods = Session.objects.filter(pk=session_id).values_list("methods", flat=True).first()
    return "mfa" in (methods or []) and factor_codes.any_of(person.pk)


def standing_of(person: User, session_id: UUID) -> Standing:
    """
    Describe staff as the API would, for what they do as the person they are.

    :raises SessionEnded: the session is gone
    """
    proved_at = (
        Session.objects.filter(pk=session_id, user=person, ended_at=None)
        .values_list("proved_at", flat=True)
        .first()
    )
    if proved_at is None:
        raise SessionEnded(reason="no such session")
    facts = standing.person_facts(person)
    return Standing(person.pk, session_id, facts, organization_id=None, proved_at=proved_at)


@after_conflicts
def leave(person: User, session_id: UUID, *, origin: Origin, now: datetime) -> None:
    """End the session of somebody who signs out of the admin site."""
    with transaction.atomic():
        mine = Session.objects.filter(pk=session_id, user=person)
        sessions.end(mine, reason="signed out", actor=actor_of(person), origin=origin, now=now)
        _record(Event.ADMIN_SIGNED_OUT, person, session_id, origin=origin, now=now)


def refuse(
    by: User | None, *, reason: str, origin: Origin, now: datetime, target: Target = _SITE
) -> None:
    """Note what somebody was refused inside; call it outside the transaction that was refused."""
    get_audit_service().record_refusal(
        Event.ADMIN_REFUSED,
        actor=actor_of(by) if by else ANONYMOUS,
        target=target,
        origin=origin,
        reason=reason,
        now=now,
    )


def _record(event: Event, person: User, session_id: UUID, *, origin: Origin, now: datetime) -> None:
    get_audit_service().record(
        event,
        actor=actor_of(person),
        target=_SITE,
        origin=origin,
        session_id=session_id,
        now=now,
    )
