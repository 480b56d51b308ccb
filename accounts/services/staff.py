"""Staff at the door of the admin site: coming in, leaving, and being refused inside."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.services import sessions
from audit.events import Event
from audit.parties import ANONYMOUS, Actor, ActorKind, Target
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import Origin

_SITE = Target("admin_site")


def actor_of(by: User) -> Actor:
    """Name a member of staff as the one who acted."""
    return Actor(ActorKind.STAFF, id=str(by.pk), label=by.email)


def enter(person: User, *, origin: Origin, now: datetime) -> None:
    """
    Let a person whose password was right into the admin site.

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
    _record(Event.ADMIN_SIGNED_IN, person, origin=origin, now=now)


def leave(person: User, *, origin: Origin, now: datetime) -> None:
    """Note that somebody signed out of the admin site."""
    _record(Event.ADMIN_SIGNED_OUT, person, origin=origin, now=now)


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


def _record(event: Event, person: User, *, origin: Origin, now: datetime) -> None:
    with transaction.atomic():
        get_audit_service().record(
            event, actor=actor_of(person), target=_SITE, origin=origin, now=now
        )
