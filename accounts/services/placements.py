"""
The place that somebody has in the organization whose identity provider vouches for them.

They get it with their first arrival, and their groups may change its role with each. Owners are
made and unmade by owners alone, and whoever was removed comes back by an invitation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts.models import Membership, Organization, Role, User
from accounts.rules import permissions
from accounts.services import sessions
from accounts.services.federation import NotAdmitted, Terms
from accounts.services.organization_acts import members_changed
from audit.events import Event
from audit.parties import Actor
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin

_OWNERS = Q(is_builtin=True, name=permissions.OWNER)
_DEFAULT = "member"
_REASON = "vouched for by the identity provider"


def place(
    person: User,
    organization_id: UUID,
    terms: Terms,
    *,
    is_new: bool,
    origin: Origin,
    now: datetime,
) -> None:
    """
    Give a person, who is held, the place that is theirs, in the caller's transaction.

    ``is_new`` when the organization's provider has never vouched for them before.

    :raises NotAdmitted: the organization is gone
    """
    found = _place_of(person, organization_id)
    if found is None and not is_new:
        return
    if found is not None and not _is_to_change(found, terms):
        return
    # Whoever touches both holds the person first, then the organization.
    held = Organization.objects.select_for_update(no_key=True).filter(pk=organization_id).first()
    if held is None:
        raise NotAdmitted("organization is gone")
    found = _place_of(person, organization_id)
    if found is None:
        join(
            person,
            held,
            (terms.role_id, terms.default_role_id),
            actor=sessions.actor_of(person),
            reason=_REASON,
            origin=origin,
            now=now,
        )
    elif _is_to_change(found, terms):
        _change(person, held, found, terms, origin=origin, now=now)


def _place_of(person: User, organization_id: UUID) -> Membership | None:
    mine = Membership.objects.filter(organization_id=organization_id, user=person)
    return mine.select_related("role").first()


def _is_to_change(found: Membership, terms: Terms) -> bool:
    return terms.role_id not in {None, found.role_id} and not found.role.is_owner


def join(
    person: User,
    organization: Organization,
    role_ids: Sequence[UUID | None],
    *,
    actor: Actor,
    reason: str,
    origin: Origin,
    now: datetime,
) -> None:
    """
    Give somebody who has no place in an organization that is held one, in the first of these roles
    that a provider may give, or as a plain member.
    """
    found = (_role(organization, role_id) for role_id in role_ids)
    role = next((each for each in found if each), None)
    role = role or Role.objects.get(organization=organization, is_builtin=True, name=_DEFAULT)
    Membership.objects.create(organization=organization, user=person, role=role, created_at=now)
    members_changed(organization, person.pk)
    get_audit_service().record(
        Event.MEMBER_JOINED,
        actor=actor,
        target=sessions.target_of(person),
        origin=origin,
        organization_id=organization.pk,
        changes={"role": (None, role.name)},
        reason=reason,
        now=now,
    )


def _change(
    person: User,
    organization: Organization,
    found: Membership,
    terms: Terms,
    *,
    origin: Origin,
    now: datetime,
) -> None:
    role = _role(organization, terms.role_id)
    if role is None:
        return
    Membership.objects.filter(pk=found.pk).update(role=role)
    members_changed(organization, person.pk)
    get_audit_service().record(
        Event.MEMBER_UPDATED,
        actor=sessions.actor_of(person),
        target=sessions.target_of(person),
        origin=origin,
        organization_id=organization.pk,
        changes={"role": (found.role.name, role.name)},
        reason=_REASON,
        now=now,
    )


def _role(organization: Organization, role_id: UUID | None) -> Role | None:
    """Find a role of the organization that a provider may give."""
    if role_id is None:
        return None
    mine = Role.objects.filter(organization=organization, pk=role_id)
    return mine.exclude(_OWNERS).first()
