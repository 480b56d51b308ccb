"""
What an identity provider that provisions does to people of an organization.

Everything here happens within ``organization_acts.acting``: the organization is held, and the
person before it. A person belongs to the organization's provider, is *managed*, when their address
lies in a domain that the organization has proved and they are not staff. Of anybody else it decides
about their place in the organization and nothing more.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import Identity, User
from accounts.rules.addresses import Address
from accounts.services import (
    address_moves,
    domains,
    member_notes,
    memberships,
    newcomers,
    sessions,
    standing,
    switching,
)
from accounts.services.organization_acts import Acting
from audit.events import Event
from audit.services.record import Changes, get_audit_service
from plinto.kernel.exceptions import ConflictError

_LONGEST_NAME = 200


def known_as(subject: str, connection_ids: Collection[UUID]) -> list[UUID]:
    """Say who a subject at any of these connections is, as far as it was linked to somebody."""
    known = Identity.objects.filter(connection_id__in=connection_ids, subject=subject)
    return list(known.values_list("user_id", flat=True))


def has_proved(organization_id: UUID, email_key: str) -> bool:
    """Tell whether an address lies in a domain that an organization has proved."""
    return domains.owner_of(email_key.rpartition("@")[2]) == organization_id


def account_of(email_key: str) -> UUID | None:
    """
    Say who has an address, and has proved it.

    Whoever only says so may be somebody else, who waits for what its owner is given.
    """
    proved = User.objects.filter(email_key=email_key, email_verified_at__isnull=False)
    return proved.values_list("pk", flat=True).first()


def is_taken(email_key: str) -> bool:
    """Tell whether there is an account under an address, proved or not."""
    return User.objects.filter(email_key=email_key).exists()


def held(person_id: UUID) -> User | None:
    """
    Return a person as they are now, if there still is one, and hold them.

    Whoever knew them before holds them already. Somebody who turned up meanwhile is held late, and
    if that leads to a deadlock it is tried again.
    """
    return User.objects.select_for_update(no_key=True).filter(pk=person_id).first()


def is_managed(act: Acting, person: User) -> bool:
    """Tell whether the organization's provider decides about the account itself."""
    is_staff = person.is_staff or person.is_superuser
    return not is_staff and has_proved(act.organization.pk, person.email_key)


def make(act: Acting, address: Address, *, name: str) -> User:
    """
    Make an account without a password, whose address its organization has proved by its domain.

    :raises ConflictError: somebody made one at the same moment
    """
    attempt = act.attempt
    try:
        with transaction.atomic():
            return newcomers.made(
                address,
                name=name[:_LONGEST_NAME],
                reason="provisioned",
                origin=attempt.origin,
                now=attempt.now,
                by=attempt.who.actor,
            )
    except IntegrityError as error:
        told = "There is an account under this address."
        raise ConflictError(told, reason="address is taken") from error


def switch_off(act: Acting, person: User) -> None:
    """
    Switch a managed person off and end all their sessions.

    :raises LastOwner: nobody else owns the organization
    """
    memberships.require_another_owner_than(act.organization.pk, person.pk)
    attempt = act.attempt
    switching.off(
        person,
        actor=attempt.who.actor,
        origin=attempt.origin,
        now=attempt.now,
        organization_id=act.organization.pk,
    )


def switch_on(act: Acting, person: User) -> None:
    """Switch a person on again whom this organization's provider has switched off."""
    if person.switched_off_by == act.organization.pk:
        attempt = act.attempt
        switching.on(person, actor=attempt.who.actor, origin=attempt.origin, now=attempt.now)


def move(act: Acting, person: User, address: Address) -> None:
    """
    Give a managed person another address of a proved domain.

    :raises ConflictError: somebody else has it
    """
    changes = {"email": (person.email, address.email)}
    _record(act, Event.EMAIL_CHANGED, person, changes)
    address_moves.move(person, address, now=act.attempt.now)
    _follow(act, Event.EMAIL_CHANGED, person, changes)


def rename(act: Acting, person: User, name: str) -> None:
    """Call a managed person by another name."""
    name = name[:_LONGEST_NAME]
    if name == person.name:
        return
    User.objects.filter(pk=person.pk).update(name=name, version=F("version") + 1)
    transaction.on_commit(lambda: standing.refresh_person(person.pk))
    changes = {"name": (person.name, name)}
    _record(act, Event.USER_UPDATED, person, changes)
    _follow(act, Event.USER_UPDATED, person, changes)


def _record(act: Acting, event: Event, person: User, changes: Changes) -> None:
    attempt = act.attempt
    get_audit_service().record(
        event,
        actor=attempt.who.actor,
        target=sessions.target_of(person),
        origin=attempt.origin,
        changes=changes,
        now=attempt.now,
    )


def _follow(act: Acting, event: Event, person: User, changes: Changes) -> None:
    attempt = act.attempt
    member_notes.follow(
        event,
        person,
        actor=attempt.who.actor,
        origin=attempt.origin,
        changes=changes,
        now=attempt.now,
    )
