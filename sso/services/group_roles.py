"""Which role the members of a provider's group get, as an organization's members say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.rules import permissions
from accounts.services import roles
from accounts.services.access import get_rbac_service
from accounts.services.organization_acts import Acting, Attempt, acting, target_of
from accounts.services.standing import Standing
from audit.events import Event
from plinto.kernel.exceptions import ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import arrival_controls as controls
from sso.models import GroupRole

MOST = 100  # lines of one organization

Line = tuple[str, str]  # the name of a group as its provider writes it, and that of a role


def listed(who: Standing, organization_id: UUID, *, now: datetime) -> list[Line]:
    """
    List the lines of an organization; of several that match the first counts.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``sso:read``
    """
    get_rbac_service().require(who, organization_id, permissions.READ_SSO, now=now)
    return [(row.group, row.role.name) for row in _rows(organization_id)]


@enforces(controls.GROUP_ROLES)
@after_conflicts
def replace(
    who: Standing,
    organization_id: UUID,
    lines: Sequence[Line],
    *,
    origin: Origin,
    now: datetime,
) -> list[Line]:
    """
    Put these lines in the place of all there are; they count from the next arrival on.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``sso:write``, or something that a role of the old lines
        or of the new ones holds
    :raises ValidationError: a group stands there twice, a role is not there, or makes owners
    """
    event, target = Event.GROUP_ROLES_CHANGED, target_of(organization_id)
    with acting(Attempt(who, organization_id, event, target, origin, now)) as act:
        act.require(permissions.WRITE_SSO)
        before = _rows(organization_id)
        held = [(row.group, row.role.name) for row in before]
        wanted = [_row(act, position, line) for position, line in enumerate(lines)]
        if held == list(lines):
            return held
        for row in (*before, *wanted):
            act.require_all_of(row.role.permissions)
        GroupRole.objects.filter(organization_id=organization_id).delete()
        GroupRole.objects.bulk_create(wanted)
        act.record(changes={"groups": (_told(held), _told(lines))})
        return list(lines)


def _rows(organization_id: UUID) -> list[GroupRole]:
    mine = GroupRole.objects.filter(organization_id=organization_id)
    return list(mine.select_related("role").order_by("position"))


def _row(act: Acting, position: int, line: Line) -> GroupRole:
    group, name = line
    try:
        role = roles.named(act.organization.pk, name)
    except ValidationError as refusal:
        told = [f"There is no role called {name}."]
        raise ValidationError(fields={"group_roles": told}) from refusal
    if role.is_owner:
        told = ["Nobody becomes an owner by signing in."]
        raise ValidationError(fields={"group_roles": told})
    return GroupRole(organization_id=act.organization.pk, group=group, role=role, position=position)


def _told(lines: Sequence[Line]) -> list[str]:
    return [f"{group}: {role}" for group, role in lines]
