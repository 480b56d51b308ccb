"""
Groups as an organization's identity provider describes them (RFC 7643, section 4.2).

Who is in a group changes set by set, however many the provider tells of at once, and the roles that
groups give follow in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.services.organization_acts import Acting, Attempt, acting
from audit.events import Event
from audit.parties import Target
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import scim_controls as controls
from sso.models import ScimGroup, ScimMember, ScimUser
from sso.scim_errors import ScimConflict, ScimRequestInvalid
from sso.services import scim_roles
from sso.services.provisioning import folded
from sso.services.scim_tokens import ScimStanding
from sso.services.scim_users import Seen, require_seen

MOST_SHOWN = 20_000  # members in one answer
_LONGEST = 255
_PORTION = 1_000


class Verb(Enum):
    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of members: ``ids`` of descriptions, or for removing whoever meets ``which``."""

    verb: Verb
    ids: frozenset[UUID] = frozenset()
    which: Q | None = None


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """What a group is to be; ``steps`` say who comes and who goes, in this order."""

    display_name: str
    external_id: str
    steps: tuple[Step, ...] = ()


def get(who: ScimStanding, group_id: UUID) -> ScimGroup:
    """
    Return a group.

    :raises NotFoundError: there is none
    """
    row = of(who).filter(pk=group_id).first()
    if row is None:
        raise NotFoundError("There is no group with this id.", reason="no such group")
    return row


def members_of(rows: Sequence[ScimGroup]) -> dict[UUID, list[tuple[UUID, str]]]:
    """
    Say who is in groups, by one statement: ids and names.

    :raises ScimRequestInvalid: these are more than one answer holds
    """
    found: dict[UUID, list[tuple[UUID, str]]] = {row.pk: [] for row in rows}
    members = ScimMember.objects.filter(group__in=[row.pk for row in rows]).order_by("pk")
    told = members.values_list("group_id", "user_id", "user__user_name")[: MOST_SHOWN + 1]
    for number, (group_id, user_id, name) in enumerate(told):
        if number >= MOST_SHOWN:
            hint = (
                "These are too many members. Ask for fewer groups, or excludedAttributes=members."
            )
            raise ScimRequestInvalid(hint, scim_type="tooMany")
        found[group_id].append((user_id, name))
    return found


@enforces(controls.PROVISIONING)
@after_conflicts
def create(
    who: ScimStanding, described: GroupDescription, *, origin: Origin, now: datetime
) -> ScimGroup:
    """
    Write a group, and give its members the role that it gives.

    :raises ScimConflict: there is a group of this name
    :raises ScimRequestInvalid: something is too long, or a member is nobody here
    """
    row = ScimGroup(pk=uuid7(), organization_id=who.organization_id, created_at=now)
    attempt = _attempt(who, Event.SCIM_GROUP_CREATED, row, origin=origin, now=now)
    with acting(attempt) as act:
        _fill(row, described, now=now)
        _require_free(who, row)
        row.save(force_insert=True)
        told = _take(act, row, described.steps, is_renamed=False, was="")
        act.record(target=_target(row), changes=told)
    return row


@enforces(controls.PROVISIONING)
@after_conflicts
def change(
    who: ScimStanding,
    group_id: UUID,
    edit: Callable[[ScimGroup], GroupDescription],
    *,
    seen: Seen,
    origin: Origin,
    now: datetime,
) -> ScimGroup:
    """
    Let a group be what ``edit`` makes of it, and let the roles of its members follow.

    :raises NotFoundError: there is none
    :raises ScimVersionMismatch: it is not what the caller has seen
    :raises ScimConflict: another group has the name
    :raises ScimRequestInvalid: something is too long, or a member is nobody here
    """
    row = get(who, group_id)
    attempt = _attempt(who, Event.SCIM_GROUP_UPDATED, row, origin=origin, now=now)
    with acting(attempt) as act:
        row = get(who, group_id)
        require_seen(seen, row.version)
        described, was, external_id = edit(row), row.display_name, row.external_id
        _fill(row, described, now=now)
        _require_free(who, row)
        told = _take(act, row, described.steps, is_renamed=was != row.display_name, was=was)
        if was != row.display_name:
            told["name"] = (was, row.display_name)
        if external_id != row.external_id:
            told["external_id"] = (external_id, row.external_id)
        if told:
            row.version += 1
            row.save()
            act.record(target=_target(row), changes=told)
        else:
            row.refresh_from_db()
    return row


@enforces(controls.PROVISIONING)
@after_conflicts
def delete(who: ScimStanding, group_id: UUID, *, seen: Seen, origin: Origin, now: datetime) -> None:
    """
    Forget a group; whoever had a role by it has it no more.

    :raises NotFoundError: there is none
    :raises ScimVersionMismatch: it is not what the caller has seen
    """
    row = get(who, group_id)
    attempt = _attempt(who, Event.SCIM_GROUP_DELETED, row, origin=origin, now=now)
    with acting(attempt) as act:
        row = get(who, group_id)
        require_seen(seen, row.version)
        concerned = _ids(row) if scim_roles.gives(act, row.display_name) else []
        with scim_roles.following(act, concerned):
            ScimMember.objects.filter(group=row).delete()
            ScimGroup.objects.filter(pk=row.pk).delete()
        act.record(target=_target(row))


def of(who: ScimStanding) -> QuerySet[ScimGroup]:
    """Choose what the organization of a token has."""
    return ScimGroup.objects.filter(organization_id=who.organization_id)


def shorten_all_of(organization_id: UUID) -> bool:
    """Delete a portion of the groups of an organization, whose members are gone."""
    oldest = ScimGroup.objects.filter(organization_id=organization_id).order_by("pk")
    keys = list(oldest.values_list("pk", flat=True)[:_PORTION])
    ScimGroup.objects.filter(pk__in=keys).delete()
    return len(keys) < _PORTION


def _take(
    act: Acting, row: ScimGroup, steps: Sequence[Step], *, is_renamed: bool, was: str
) -> dict[str, tuple[Any, Any]]:
    """Take the steps, let roles follow, and tell how many came and went."""
    concerned: set[UUID] = set()
    if scim_roles.gives(act, was, row.display_name):
        concerned = {each for step in steps for each in step.ids}
        if is_renamed or any(step.verb is not Verb.ADD for step in steps):
            concerned |= set(_ids(row))
    with scim_roles.following(act, concerned):
        if is_renamed:
            ScimGroup.objects.filter(pk=row.pk).update(display_name=row.display_name)
        outcomes = [_step(act, row, step) for step in steps]
    came, went = sum(each[0] for each in outcomes), sum(each[1] for each in outcomes)
    told = {"members_added": (None, came), "members_removed": (None, went)}
    return {name: sides for name, sides in told.items() if sides[1]}


def _step(act: Acting, row: ScimGroup, step: Step) -> tuple[int, int]:
    members = ScimMember.objects.filter(group=row)
    if step.verb is Verb.ADD:
        known = members.filter(user__in=step.ids).values_list("user_id", flat=True)
        return _add(act, row, step.ids - set(known)), 0
    if step.verb is Verb.REMOVE:
        chosen = Q(user__in=step.ids) if step.which is None else step.which
        keys = list(members.filter(chosen).values_list("pk", flat=True))
        return 0, _remove(keys)
    here = dict(members.values_list("user_id", "pk"))
    gone = [here[user_id] for user_id in here.keys() - step.ids]
    return _add(act, row, step.ids - here.keys()), _remove(gone)


def _add(act: Acting, row: ScimGroup, ids: Iterable[UUID]) -> int:
    new = list(ids)
    mine = ScimUser.objects.filter(organization_id=act.organization.pk)
    if sum(mine.filter(pk__in=new[at : at + _PORTION]).count() for at in _starts(new)) < len(new):
        told = "There is no user with the id of one of these members."
        raise ScimRequestInvalid(told, scim_type="invalidValue")
    ScimMember.objects.bulk_create(
        [ScimMember(group=row, user_id=user_id) for user_id in new], batch_size=_PORTION
    )
    return len(new)


def _remove(keys: list[int]) -> int:
    for at in _starts(keys):
        ScimMember.objects.filter(pk__in=keys[at : at + _PORTION]).delete()
    return len(keys)


def _starts(whole: Sequence[Any]) -> range:
    return range(0, len(whole), _PORTION)


def _ids(row: ScimGroup) -> list[UUID]:
    return list(ScimMember.objects.filter(group=row).values_list("user_id", flat=True))


def _fill(row: ScimGroup, described: GroupDescription, *, now: datetime) -> None:
    name = described.display_name
    if max(map(len, (name, folded(name), described.external_id))) > _LONGEST:
        told = f"displayName and externalId have {_LONGEST} characters at most."
        raise ScimRequestInvalid(told, scim_type="invalidValue")
    if not name.strip():
        raise ScimRequestInvalid("displayName is missing.", scim_type="invalidValue")
    row.display_name, row.display_name_key = name, folded(name)
    row.external_id, row.updated_at = described.external_id, now


def _require_free(who: ScimStanding, row: ScimGroup) -> None:
    """Nobody takes the name meanwhile: the organization is held."""
    if of(who).filter(display_name_key=row.display_name_key).exclude(pk=row.pk).exists():
        told = "There is a group of this name."
        raise ScimConflict(told, scim_type="uniqueness", reason="name is taken")


def _target(row: ScimGroup) -> Target:
    # A name with an @ may be somebody's address.
    return Target(
        "scim_group", id=str(row.pk), label="" if "@" in row.display_name else row.display_name
    )


def _attempt(
    who: ScimStanding, event: Event, row: ScimGroup, *, origin: Origin, now: datetime
) -> Attempt:
    return Attempt(who.provisioner, who.organization_id, event, _target(row), origin, now)
