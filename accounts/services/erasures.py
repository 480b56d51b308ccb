"""
Erasing a person who asks for it (GDPR, article 17), after a time in which they can think again.

Whoever asks is signed out everywhere and told by mail when it will happen; signing in before that
calls it off. Then every row about them goes. The trail keeps that something happened to somebody
under an id that nobody can turn back into a name.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.errors import LastAdministrator
from accounts.models import ApiKey, User
from accounts.services import (
    administration,
    erasure_letters,
    member_notes,
    memberships,
    organization_trail_exports,
    people,
    personal_data,
    sessions,
    standing,
)
from accounts.services.staff import actor_of
from accounts.services.standing import Standing
from audit.events import Event
from audit.models import AuditRow
from audit.parties import SYSTEM, Actor, Target
from audit.services import drafts
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import SYSTEM as NOWHERE
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.models import CircuitOrder
from resilience.retrying import after_conflicts

PERMISSION = "accounts.delete_user"
# Each is erased in a transaction of its own; more than this wait for the next round.
_PORTION = 100


@enforces(controls.PRIVACY)
@after_conflicts
def request(who: Standing, *, origin: Origin, now: datetime) -> datetime:
    """
    Sign a person out everywhere, and return when they will be erased unless they sign in again.

    :raises LastAdministrator: nobody would be left to run the deployment
    :raises LastOwner: nobody else owns one of the person's organizations
    :raises SessionEnded: the person is gone, or was switched off a moment ago
    """
    with transaction.atomic():
        administrators = _held_administrators(who.user_id)
        person = people.hold(who, wholly=True)
        return _begin(person, who.actor, administrators, origin=origin, now=now)


@enforces(controls.PRIVACY)
@after_conflicts
def order(person_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Do the same for somebody who asked staff for it; false if it is under way already.

    :raises AuthorizationError: who acts has lost their rights, or never had these
    :raises LastAdministrator: nobody would be left to run the deployment
    :raises LastOwner: nobody else owns one of the person's organizations
    """
    with transaction.atomic():
        administrators = _held_administrators(person_id)
        person, asking = administration.hold(person_id, by=by)
        if not asking.has_perm(PERMISSION):
            raise AuthorizationError(reason=f"no {PERMISSION}")
        if person.erase_at is not None:
            return False
        _begin(person, actor_of(by), administrators, origin=origin, now=now)
    return True


def _held_administrators(leaving: UUID) -> list[User]:
    """
    If a superuser leaves, hold all of them together, so that two who leave at once see each other
    go. Whoever is made one at this very moment finds no others, and stays.
    """
    if not User.objects.filter(pk=leaving, is_superuser=True).exists():
        return []
    held = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    return list(held.order_by("pk"))


def _begin(
    person: User, actor: Actor, administrators: list[User], *, origin: Origin, now: datetime
) -> datetime:
    others = [one for one in administrators if one.pk != person.pk and one.erase_at is None]
    if person.is_superuser and not others:
        raise LastAdministrator(reason="the only administrator would be erased")
    memberships.release(person.pk)
    erase_at = now + settings.ERASURE_AFTER
    User.objects.filter(pk=person.pk).update(erase_at=erase_at, version=F("version") + 1)
    get_audit_service().record(
        Event.USER_ERASURE_REQUESTED,
        actor=actor,
        target=sessions.target_of(person),
        origin=origin,
        now=now,
    )
    asked_from = origin if actor.id == str(person.pk) else None
    erasure_letters.tell_when(person, erase_at, origin=asked_from, now=now)
    sessions.end_all(person.pk, reason="erasure requested", actor=actor, origin=origin, now=now)
    return erase_at


def erase_due(now: datetime) -> int:
    """Erase whoever asked for it long enough ago, and say how many."""
    due = User.objects.filter(erase_at__lte=now).order_by("erase_at")
    return sum(_erase(key, now=now) for key in list(due.values_list("pk", flat=True)[:_PORTION]))


@enforces(controls.PRIVACY)
@after_conflicts
def _erase(user_id: UUID, *, now: datetime) -> int:
    with transaction.atomic():
        due = User.objects.select_for_update().filter(pk=user_id, erase_at__lte=now)
        person = due.first()
        # What a draft says of them is not under their key yet, and would outlive it.
        if person is None or drafts.are_waiting(person.pk):
            return 0
        member_notes.follow(Event.USER_ERASED, person, actor=SYSTEM, origin=NOWHERE, now=now)
        organization_trail_exports.forget(person.pk)
        for holding in personal_data.holdings(person):
            if holding.model is CircuitOrder:
                holding.rows.update(ordered_by="")
            elif holding.model is ApiKey:
                # Keys are their organization's, which may not have noticed yet.
                holding.rows.update(made_by=None)
            elif holding.model not in {User, AuditRow}:
                holding.rows.delete()
        key = person.pk
        person.delete()
        get_audit_service().record(
            Event.USER_ERASED,
            actor=SYSTEM,
            target=Target("user", id=str(key)),
            origin=NOWHERE,
            now=now,
        )
        transaction.on_commit(lambda: standing.bury_person(key))
    return 1
