"""
Switching a person off and on again, for whoever may: staff, or who provisions their organization.

The caller holds the person's row, has judged whether it may be done, and has a transaction open.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.models import User
from accounts.services import member_notes, sessions, standing
from audit.events import Event
from audit.parties import Actor
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin
from resilience.contract import enforces


@enforces(controls.SWITCHED_OFF)
def off(
    person: User,
    *,
    actor: Actor,
    origin: Origin,
    now: datetime,
    organization_id: UUID | None = None,
) -> bool:
    """
    Switch a person off and end their sessions at once; false when they are off already.

    ``organization_id`` is whose provider does it, and may undo it; what staff have switched off
    stays off. Staff may take over what a provider did.
    """
    if not person.is_active and (organization_id or person.switched_off_by is None):
        return False
    _write(person, is_active=False, switched_off_by=organization_id)
    _record(Event.USER_DEACTIVATED, person, actor=actor, origin=origin, now=now)
    sessions.end_all(person.pk, reason="person switched off", actor=actor, origin=origin, now=now)
    return True


def on(person: User, *, actor: Actor, origin: Origin, now: datetime) -> bool:
    """Switch a person on again; false when they are on already. Sessions stay ended."""
    if person.is_active:
        return False
    _write(person, is_active=True, switched_off_by=None)
    _record(Event.USER_REACTIVATED, person, actor=actor, origin=origin, now=now)
    return True


def _write(person: User, *, is_active: bool, switched_off_by: UUID | None) -> None:
    User.objects.filter(pk=person.pk).update(
        version=F("version") + 1, is_active=is_active, switched_off_by=switched_off_by
    )
    transaction.on_commit(lambda: standing.refresh_person(person.pk))


def _record(event: Event, person: User, *, actor: Actor, origin: Origin, now: datetime) -> None:
    target = sessions.target_of(person)
    get_audit_service().record(event, actor=actor, target=target, origin=origin, now=now)
    member_notes.follow(event, person, actor=actor, origin=origin, now=now)
