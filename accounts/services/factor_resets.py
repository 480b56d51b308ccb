"""What staff do for somebody who lost their second factor and its recovery codes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.models import User
from accounts.services import (
    factor_codes,
    factor_letters,
    member_notes,
    registrations,
    second_factors,
    sessions,
    standing,
)
from accounts.services.administration import hold
from accounts.services.staff import actor_of
from audit.events import Event
from audit.parties import SYSTEM, Actor
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import (
    AuthorizationError,
    ConflictError,
    NotFoundError,
    ValidationError,
)
from plinto.kernel.origin import SYSTEM as NOWHERE
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

PERMISSION = "accounts.reset_factors"
LONGEST_REASON = 200


def may_reset(by: User) -> bool:
    """Tell whether somebody may remove the second factors of others at all."""
    return by.has_perm(PERMISSION)


@enforces(controls.SECOND_FACTORS, controls.STAFF_RIGHTS)
@after_conflicts
def reset(person_id: UUID, *, why: str, by: User, origin: Origin, now: datetime) -> None:
    """
    Remove the second factor of a person, end their sessions, and tell them by mail.

    Whoever asks for this may be a thief on the telephone: the trail keeps ``why``.

    :raises AuthorizationError: ``by`` lacks the permission, or the person is out of reach
    :raises ConflictError: it is oneself, or there is nothing to remove
    :raises ValidationError: no reason was given, or a long one
    """
    reason = _read(why)
    if person_id == by.pk:
        told = "You cannot reset your own second factor here. Use a recovery code."
        raise ConflictError(told, reason="oneself")
    with transaction.atomic():
        person, asking = hold(person_id, by=by)
        if not may_reset(asking):
            told = "You may not reset second factors."
            raise AuthorizationError(told, reason="lacks reset_factors")
        _remove(person, reason=reason, actor=actor_of(by), origin=origin, now=now)


@enforces(controls.SECOND_FACTORS)
@after_conflicts
def reset_from_server(email: str, *, why: str, now: datetime) -> None:
    """
    Do the same for whoever can run commands on the server: there may be no other administrator.

    :raises NotFoundError: nobody has this address
    :raises ConflictError: there is nothing to remove
    :raises ValidationError: no reason was given, or a long one, or it is no address
    """
    reason, address = _read(why), registrations.read_address(email)
    with transaction.atomic():
        held = User.objects.select_for_update(no_key=True)
        person = held.filter(email_key=address.key).first()
        if person is None:
            raise NotFoundError("Nobody has this address.")
        _remove(person, reason=reason, actor=SYSTEM, origin=NOWHERE, now=now)


def _remove(person: User, *, reason: str, actor: Actor, origin: Origin, now: datetime) -> None:
    if not factor_codes.any_of(person.pk):
        raise ConflictError(f"{person.email} has no second factor.", reason="no factor")
    second_factors.forget(person.pk)
    User.objects.filter(pk=person.pk).update(version=F("version") + 1)
    event = Event.FACTORS_RESET
    get_audit_service().record(
        event,
        actor=actor,
        target=sessions.target_of(person),
        origin=origin,
        reason=reason,
        now=now,
    )
    lost = member_notes.FACTOR_LOST
    member_notes.follow(event, person, actor=actor, origin=origin, changes=lost, now=now)
    sessions.end_all(person.pk, reason="second factor reset", actor=actor, origin=origin, now=now)
    factor_letters.tell(person, factor_letters.RESET, origin=None, now=now)
    transaction.on_commit(lambda: standing.refresh_person(person.pk))


def _read(why: str) -> str:
    reason = " ".join(why.split())
    if not reason or not reason.isprintable() or len(reason) > LONGEST_REASON:
        told = f"Say why, in one line of at most {LONGEST_REASON} characters."
        raise ValidationError(told, fields={"reason": [told]}, reason="no reason")
    return reason
