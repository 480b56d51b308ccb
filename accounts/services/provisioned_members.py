"""
The places that an identity provider which provisions gives people in an organization.

Everything here happens within ``organization_acts.acting``, as in ``provisioning``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import QuerySet

from accounts import organization_controls as controls
from accounts.models import Membership, Role, Session, User
from accounts.services import memberships, placements, sessions
from accounts.services.organization_acts import Acting
from audit.events import Event
from audit.services.record import Entry, get_audit_service
from resilience.contract import enforces

_MEMBER = "member"
# Above this many it is cheaper that everybody's rights are read anew.
_FEW = 100


def join(act: Acting, person: User, *, role_id: UUID | None) -> None:
    """Give a person a place in the organization unless they have one; a member's, or a role's."""
    if _members(act, [person.pk]).exists():
        return
    attempt = act.attempt
    placements.join(
        person,
        act.organization,
        [role_id],
        actor=attempt.who.actor,
        reason="provisioned",
        origin=attempt.origin,
        now=attempt.now,
    )


@enforces(controls.MEMBER_RIGHTS)
def leave(act: Acting, person: User, connection_ids: Collection[UUID]) -> None:
    """
    Take a person's place away, and end the sessions that came by the organization's connections.

    :raises LastOwner: nobody else owns the organization
    """
    member = _members(act, [person.pk]).first()
    if member is not None:
        memberships.require_another_owner_than(act.organization.pk, person.pk)
        Membership.objects.filter(pk=member.pk).delete()
        act.changes_members(person.pk)
        act.record(Event.MEMBER_REMOVED, target=sessions.target_of(person), reason="provisioning")
    chosen = Session.objects.filter(user=person, connection_id__in=connection_ids)
    attempt = act.attempt
    sessions.end(
        chosen,
        reason="left an organization",
        actor=attempt.who.actor,
        origin=attempt.origin,
        now=attempt.now,
    )


@enforces(controls.MEMBER_RIGHTS)
def give_roles(act: Acting, wanted: Mapping[UUID, tuple[UUID | None, UUID | None]]) -> None:
    """
    Give members the roles of their groups, set by set; ``wanted`` maps a person to the role that
    groups gave them so far, and that they give now.

    Owners keep theirs and nobody becomes one. Whoever loses the last of such groups is a plain
    member again, unless a person gave them another role since.
    """
    of_name = Role.objects.filter(organization=act.organization)
    roles = {role.pk: role for role in of_name}
    plain = next(role for role in roles.values() if role.is_builtin and role.name == _MEMBER)
    changed: list[tuple[Membership, Role]] = []
    for member in _members(act, wanted):
        before, after = wanted[member.user_id]
        given = roles.get(after) if after else None
        role = given or (plain if member.role_id == before else None)
        if role and role.pk != member.role_id and not (member.role.is_owner or role.is_owner):
            changed.append((member, role))
    for role in {role for _, role in changed}:
        keys = [member.pk for member, each in changed if each == role]
        Membership.objects.filter(pk__in=keys).update(role=role)
    if changed:
        if len(changed) > _FEW:
            act.changes_everybody()
        else:
            act.changes_members(*(member.user_id for member, _ in changed))
        get_audit_service().record_all(_told(act, member, role) for member, role in changed)


def _members(act: Acting, user_ids: Collection[UUID]) -> QuerySet[Membership]:
    mine = Membership.objects.filter(organization=act.organization, user_id__in=list(user_ids))
    return mine.select_related("role", "user").order_by("pk")


def _told(act: Acting, member: Membership, role: Role) -> Entry:
    attempt = act.attempt
    return Entry(
        event=Event.MEMBER_UPDATED,
        actor=attempt.who.actor,
        target=sessions.target_of(member.user),
        origin=attempt.origin,
        organization_id=act.organization.pk,
        changes={"role": (member.role.name, role.name)},
        reason="groups",
        now=attempt.now,
    )
