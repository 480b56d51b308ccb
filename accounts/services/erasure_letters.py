"""Telling a person that they are about to be erased, and that they are not any more."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Session, User
from accounts.services import notices
from audit.events import Event
from audit.parties import Actor
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin


def tell_when(person: User, erase_at: datetime, *, origin: Origin | None, now: datetime) -> None:
    """Say when, from where it was asked for if it was not staff, and how to call it off."""
    what = (
        f"Your account and everything in it will be erased on {erase_at:%d %B %Y}. Until then, "
        "signing in calls it off."
    )
    notices.tell("erasure", person, what, origin=origin, now=now)


def call_off(session: Session, actor: Actor, *, origin: Origin, now: datetime) -> None:
    """Record and say, in the transaction of a sign-in, that it has called an erasure off."""
    get_audit_service().record(
        Event.USER_ERASURE_CANCELLED,
        actor=actor,
        target=actor.as_target(),
        origin=origin,
        session_id=session.pk,
        now=now,
    )
    what = "Your account will not be erased: somebody signed in."
    notices.tell("erasure", session.user, what, origin=origin, now=now)
