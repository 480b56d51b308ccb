"""The members of an organization: shown, given another role, removed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from accounts import organization_controls as controls
from accounts.models import Membership, Organization
from accounts.organization_errors import LastOwner
from accounts.rules import permissions
from accounts.services import roles, sessions
from accounts.services.access import get_rbac_service
from accounts.services.organization_acts import Acting, Attempt, acting
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from plinto.kernel.plans import unseen
from resilience.contract import enforces
from resilience.retrying import after_conflicts


def listed(
    who: Standing, organization_id: UUID, *, wanted: pages.PageRequest, now: datetime
) -> pages.Page[Membership]:
    """
    List the members of an organization, joined last first.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``members:read``
    """
    get_rbac_service().require(who, organization_id, permissions.READ_MEMBERS, now=now)
    members = unseen(Membership.objects.all(), organization_id=organization_id)
    return pages.cut(members.select_related("user", "role"), wanted=wanted)


@enforces(controls.MEMBER_RIGHTS)
@after_conflicts
def change_role(
    who: Standing,
    organization_id: UUID,
    user_id: UUID,
    *,
    role: str,
    origin: Origin,
    now: datetime,
) -> Membership:
    """
    Give a member another role, by its name; it counts from their next request on.

    :raises NotFoundError: there is no such member, or no such organization for this person
    :raises AuthorizationError: they lack ``members:write``, or something that either role holds
    :raises LastOwner: nobody else owns the organization
    :raises ValidationError: there is no role of this name
    """
    target = Target("user", id=str(user_id))
    attempt = Attempt(who, organization_id, Event.MEMBER_UPDATED, target, origin, now)
    with acting(attempt) as act:
        act.require(permissions.WRITE_MEMBERS)
        member = _member(act, user_id)
        chosen = roles.named(organization_id, role)
        act.require_all_of([*member.role.permissions, *chosen.permissions])
        if chosen == member.role:
            return member
        if not chosen.is_owner:
            _require_another_owner(member)
        changes = {"role": (member.role.name, chosen.name)}
        Membership.objects.filter(pk=member.pk).update(role=chosen)
        act.changes_members(user_id)
        act.record(target=_target_of(member), changes=changes)
        member.role = chosen
        return member


@enforces(controls.MEMBER_RIGHTS)
@after_conflicts
def remove(
    who: Standing, organization_id: UUID, user_id: UUID, *, origin: Origin, now: datetime
) -> None:
    """
    Take somebody out of an organization; anybody may take themselves out.

    :raises NotFoundError: there is no such member, or no such organization for this person
    :raises AuthorizationError: they lack ``members:write``, or something the member holds
    :raises LastOwner: nobody else owns the organization
    """
    target = Target("user", id=str(user_id))
    attempt = Attempt(who, organization_id, Event.MEMBER_REMOVED, target, origin, now)
    with acting(attempt) as act:
        is_leaving = user_id == who.user_id
        if not is_leaving:
            act.require(permissions.WRITE_MEMBERS)
        member = _member(act, user_id)
        if not is_leaving:
            act.require_all_of(member.role.permissions)
        _require_another_owner(member)
        Membership.objects.filter(pk=member.pk).delete()
        act.changes_members(user_id)
        act.record(target=_target_of(member), reason="left" if is_leaving else "")


def release(person_id: UUID) -> None:
    """
    Let a person who is held, and is about to be erased, count as an owner of nothing.

    :raises LastOwner: nobody else owns one of their organizations
    """
    mine = Membership.objects.filter(user_id=person_id, role__is_builtin=True)
    owned = mine.filter(role__name=permissions.OWNER)
    keys = owned.order_by("organization_id").values_list("organization_id", flat=True)
    list(Organization.objects.select_for_update(no_key=True).filter(pk__in=list(keys)))
    for member in owned.select_related("role"):
        _require_another_owner(member)


def _member(act: Acting, user_id: UUID) -> Membership:
    members = Membership.objects.select_related("role", "user", "organization")
    found = members.filter(organization_id=act.organization.pk, user_id=user_id).first()
    if found is None:
        raise NotFoundError(reason="no such member")
    return found


def require_another_owner_than(organization_id: UUID, user_id: UUID) -> None:
    """
    Go on unless this is the last owner of the organization, which is held.

    :raises LastOwner: nobody else owns it
    """
    mine = Membership.objects.filter(organization_id=organization_id, user_id=user_id)
    for member in mine.select_related("role"):
        _require_another_owner(member)


def _require_another_owner(member: Membership) -> None:
    """Go on unless the organization, which is held, would be left without an owner."""
    if not member.role.is_owner:
        return
    others = Membership.objects.filter(role=member.role).exclude(pk=member.pk)
    # Whoever is about to be erased keeps their place until then, and nobody counts on them.
    if not others.filter(user__is_active=True, user__erase_at=None).exists():
        raise LastOwner(reason="last owner")


def _target_of(member: Membership) -> Target:
    return sessions.target_of(member.user)
