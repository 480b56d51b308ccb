"""The roles of an organization: the built-in ones, and those its members make."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts import organization_controls as controls
from accounts.models import Invitation, Membership, Role
from accounts.organization_errors import RoleInUse
from accounts.rules import permissions
from accounts.services.access import get_rbac_service
from accounts.services.organization_acts import Acting, Attempt, acting
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.exceptions import ConflictError, NotFoundError, ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

MOST = 100  # roles of one organization, the built-in ones included


def listed(
    who: Standing, organization_id: UUID, *, wanted: pages.PageRequest, now: datetime
) -> pages.Page[Role]:
    """
    List the roles of an organization.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``roles:read``
    """
    get_rbac_service().require(who, organization_id, permissions.READ_ROLES, now=now)
    return pages.cut(_of(organization_id), wanted=wanted)


@enforces(controls.MEMBER_RIGHTS)
@after_conflicts
def create(
    who: Standing, organization_id: UUID, *, fields: dict[str, Any], origin: Origin, now: datetime
) -> Role:
    """
    Make a role of permissions that its maker holds.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``roles:write``, or one of the permissions
    :raises ConflictError: there is a role of this name, or there are too many roles
    """
    target = Target("role", label=fields["name"])
    attempt = Attempt(who, organization_id, Event.ROLE_CREATED, target, origin, now)
    with acting(attempt) as act:
        act.require(permissions.WRITE_ROLES)
        act.require_all_of(fields["permissions"])
        if _of(organization_id).count() >= MOST:
            raise ConflictError(f"There are {MOST} roles already.", reason="too many roles")
        _require_free(organization_id, fields["name"])
        role = Role.objects.create(
            organization_id=organization_id,
            name=fields["name"],
            description=fields["description"],
            own_permissions=permissions.tidy(fields["permissions"]),
            created_at=now,
        )
        act.record(target=_target_of(role), changes={"permissions": (None, role.own_permissions)})
        return role


@enforces(controls.MEMBER_RIGHTS)
@after_conflicts
def update(
    who: Standing,
    organization_id: UUID,
    role_id: UUID,
    *,
    fields: dict[str, Any],
    origin: Origin,
    now: datetime,
) -> Role:
    """
    Change a role; whoever has it may do what it says now from their next request on.

    :raises NotFoundError: there is no such role, or no such organization for this person
    :raises AuthorizationError: they lack ``roles:write``, or something the role held or will hold
    :raises ConflictError: the role is built in, or there is another one of this name
    """
    target = Target("role", id=str(role_id))
    attempt = Attempt(who, organization_id, Event.ROLE_UPDATED, target, origin, now)
    with acting(attempt) as act:
        role = _within_reach(act, role_id)
        changes = _changes(role, fields)
        if "permissions" in changes:
            act.require_all_of(changes["permissions"][1])
        if "name" in changes:
            _require_free(organization_id, changes["name"][1])
        if changes:
            values = {name: after for name, (_, after) in changes.items()}
            if "permissions" in values:
                values["own_permissions"] = values.pop("permissions")
            Role.objects.filter(pk=role.pk).update(**values)
            act.changes_everybody()
            act.record(target=_target_of(role), changes=changes)
            role.refresh_from_db()
        return role


@enforces(controls.MEMBER_RIGHTS)
@after_conflicts
def delete(
    who: Standing, organization_id: UUID, role_id: UUID, *, origin: Origin, now: datetime
) -> None:
    """
    Delete a role that nobody has or is invited to.

    :raises NotFoundError: there is no such role, or no such organization for this person
    :raises AuthorizationError: they lack ``roles:write``, or something the role holds
    :raises ConflictError: the role is built in
    :raises RoleInUse: somebody has it, or may accept it
    """
    target = Target("role", id=str(role_id))
    attempt = Attempt(who, organization_id, Event.ROLE_DELETED, target, origin, now)
    with acting(attempt) as act:
        role = _within_reach(act, role_id)
        offered = Invitation.objects.filter(role=role)
        if (
            Membership.objects.filter(role=role).exists()
            or offered.filter(ended_at=None, expires_at__gt=now).exists()
        ):
            raise RoleInUse(reason="role in use")
        offered.delete()
        act.record(target=_target_of(role))
        role.delete()


def named(organization_id: UUID, name: str) -> Role:
    """
    Find a role by the name that a body gives.

    :raises ValidationError: the organization has no role of this name
    """
    role = _of(organization_id).filter(name=name).first()
    if role is None:
        raise ValidationError(fields={"role": ["There is no role of this name."]})
    return role


def _of(organization_id: UUID) -> QuerySet[Role]:
    return Role.objects.filter(organization_id=organization_id)


def _within_reach(act: Acting, role_id: UUID) -> Role:
    """Find a role that the member may change: one that holds nothing that they lack."""
    act.require(permissions.WRITE_ROLES)
    role = _of(act.organization.pk).filter(pk=role_id).first()
    if role is None:
        raise NotFoundError(reason="no such role")
    if role.is_builtin:
        raise ConflictError("Built-in roles cannot be changed.", reason="built-in role")
    act.require_all_of(role.permissions)
    return role


def _changes(role: Role, fields: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    wanted = dict(fields)
    if "permissions" in wanted:
        wanted["permissions"] = permissions.tidy(wanted["permissions"])
    return {
        name: (getattr(role, name), value)
        for name, value in wanted.items()
        if getattr(role, name) != value
    }


def _require_free(organization_id: UUID, name: str) -> None:
    if _of(organization_id).filter(name=name).exists():
        raise ConflictError("There is a role of this name.", reason="name taken")


def _target_of(role: Role) -> Target:
    return Target("role", id=str(role.pk), label=role.name)
