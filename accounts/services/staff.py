"""Staff at the door of the admin site: coming in, leaving, and being refused inside."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Session, User
from accounts.services import sessions
from audit.events import Event
from audit.parties import ANONYMOUS, Actor, ActorKind, Target
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import Origin
from resilience.retrying import after_conflicts

_SITE = Target("admin_site")


def actor_of(by: User) -> Actor:
    """Name a member of staff as the one who acted."""
    return Actor(ActorKind.STAFF, id=str(by.pk), label=by.email)


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


def enter(person: User, *, origin: Origin, now: datetime) -> UUID:
    """
    Open a session for a member of staff who was admitted, and return its id.

    It is a session like any other: seen in lists, ended with the others, and a reason to count
    this network as familiar, so that strangers cannot keep an administrator out.

    :raises InvalidCredentials: the account changed while its password was checked
    """
    with transaction.atomic():
        session = sessions.start_without_tokens(
            person,
            methods=["pwd"],
            origin=origin,
            now=now,
            lifetime=timedelta(seconds=settings.SESSION_COOKIE_AGE),
            password_seen=person.password,
        )
        _record(Event.ADMIN_SIGNED_IN, person, session.pk, origin=origin, now=now)
    return session.pk


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
