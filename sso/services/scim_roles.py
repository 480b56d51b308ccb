"""The roles that groups of an identity provider give, told set by set."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from accounts.services import provisioned_members
from accounts.services.organization_acts import Acting
from sso.models import GroupRole, ScimGroup, ScimMember, ScimUser

# Ids in one statement, at most.
_PORTION = 5_000


def of(act: Acting, row_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Say which role descriptions get by their groups; those that get none are left out."""
    ranks = _ranks(act)
    found: dict[UUID, tuple[int, UUID]] = {}
    if not ranks:
        return {}
    for portion in _portions(row_ids):
        members = ScimMember.objects.filter(group_id__in=list(ranks), user_id__in=portion)
        for row_id, group_id in members.values_list("user_id", "group_id"):
            found[row_id] = min(found.get(row_id, ranks[group_id]), ranks[group_id])
    return {row_id: role_id for row_id, (_, role_id) in found.items()}


@contextmanager
def following(act: Acting, row_ids: Collection[UUID]) -> Iterator[None]:
    """Let the roles of those who are described follow what the block does to groups."""
    before = of(act, row_ids)
    yield
    after = of(act, row_ids)
    moved = {
        row_id: (before.get(row_id), after.get(row_id))
        for row_id in before.keys() | after.keys()
        if before.get(row_id) != after.get(row_id)
    }
    people: dict[UUID, tuple[UUID | None, UUID | None]] = {}
    for portion in _portions(moved):
        linked = ScimUser.objects.filter(pk__in=portion, user__isnull=False)
        people |= {user_id: moved[key] for key, user_id in linked.values_list("pk", "user_id")}
    if people:
        provisioned_members.give_roles(act, people)


def gives(act: Acting, *names: str) -> bool:
    """Tell whether any group of these names gives a role."""
    mine = GroupRole.objects.filter(organization_id=act.organization.pk)
    return mine.filter(group__in=names).exists()


def _ranks(act: Acting) -> dict[UUID, tuple[int, UUID]]:
    """Map each group that gives a role to the rank of that role and its id."""
    mine = GroupRole.objects.filter(organization_id=act.organization.pk)
    by_name = {row.group: (row.position, row.role_id) for row in mine}
    groups = ScimGroup.objects.filter(
        organization_id=act.organization.pk, display_name__in=list(by_name)
    )
    return {pk: by_name[name] for pk, name in groups.values_list("pk", "display_name")}


def _portions(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    whole = list(ids)
    for start in range(0, len(whole), _PORTION):
        yield whole[start : start + _PORTION]
