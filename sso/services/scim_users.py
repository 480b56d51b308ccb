"""
People as an organization's identity provider describes them (RFC 7643, section 4.1).

Each change is one transaction with what follows from it for the account, and a row in the trail
that names what was changed and no value: whoever has no account here has no key to seal it under.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet

from accounts.services.organization_acts import Attempt, acting
from audit.events import Event
from audit.parties import Target
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import scim_controls as controls
from sso.models import ScimMember, ScimUser
from sso.scim_errors import ScimConflict, ScimRequestInvalid, ScimVersionMismatch
from sso.services import scim_people, scim_roles
from sso.services.provisioning import folded
from sso.services.scim_people import Description
from sso.services.scim_tokens import ScimStanding

MOST_VALUES = 10  # of one attribute; filters look at each
_LONGEST = 255
_MOST_BYTES = 32_768  # of the attributes of one person
_PORTION = 1_000
_ABSENT = object()

# Whether what a caller has seen is what there is now; None where it does not matter.
Seen = Callable[[int], bool] | None


def get(who: ScimStanding, user_id: UUID) -> ScimUser:
    """
    Return a description.

    :raises NotFoundError: there is none
    """
    row = of(who).filter(pk=user_id).first()
    if row is None:
        raise NotFoundError("There is no user with this id.", reason="no such description")
    return row


def groups_of(rows: Sequence[ScimUser]) -> dict[UUID, list[tuple[UUID, str]]]:
    """Say in which groups descriptions are, by one statement: ids and names."""
    found: dict[UUID, list[tuple[UUID, str]]] = {row.pk: [] for row in rows}
    members = ScimMember.objects.filter(user__in=[row.pk for row in rows]).order_by("group_id")
    for member in members.select_related("group"):
        found[member.user_id].append((member.group_id, member.group.display_name))
    return found


@enforces(controls.PROVISIONING)
@after_conflicts
def create(who: ScimStanding, described: Description, *, origin: Origin, now: datetime) -> ScimUser:
    """
    Write a description, and link or make the account that it is about if it may.

    :raises ScimConflict: there is a user of this name
    :raises ScimRequestInvalid: something is too long
    :raises LastOwner: it says that the last owner is not active
    """
    _require_bounds(described)
    people = scim_people.concerned(who.organization_id, address=described.address, user_id=None)
    row = ScimUser(pk=uuid7(), organization_id=who.organization_id, created_at=now)
    attempt = _attempt(who, Event.SCIM_USER_CREATED, row.pk, origin=origin, now=now)
    with acting(attempt, people=people) as act:
        _require_free(who, described, but=row.pk)
        _fill(row, described, now=now)
        scim_people.settle(act, row, described, was=None)
        row.save(force_insert=True)
        act.record(changes=_linked(None, row))
    return row


@enforces(controls.PROVISIONING)
@after_conflicts
def change(
    who: ScimStanding,
    user_id: UUID,
    edit: Callable[[ScimUser], Description],
    *,
    seen: Seen,
    origin: Origin,
    now: datetime,
) -> ScimUser:
    """
    Let a description be what ``edit`` makes of it, and let the account follow.

    ``edit`` reads the row as it is under the lock, and is asked once before it, to learn whom the
    change concerns.

    :raises NotFoundError: there is none
    :raises ScimVersionMismatch: it is not what the caller has seen
    :raises ScimConflict: another user has the name, or another account the address
    :raises ScimRequestInvalid: something is too long, or an address is outside the proved domains
    :raises LastOwner: the last owner would be switched off
    """
    row = get(who, user_id)
    people = scim_people.concerned(
        who.organization_id, address=edit(row).address, user_id=row.user_id
    )
    attempt = _attempt(who, Event.SCIM_USER_UPDATED, user_id, origin=origin, now=now)
    with acting(attempt, people=people) as act:
        row = _held(who, user_id, seen)
        was, before = scim_people.described_by(row), row.user_id
        described = edit(row)
        if described == was and before:
            return row
        _require_bounds(described)
        _require_free(who, described, but=row.pk)
        scim_people.settle(act, row, described, was=was)
        if described == was and row.user_id == before:
            return row
        _fill(row, described, now=now)
        row.version += 1
        row.save()
        act.record(changes={**_changed(was, described), **_linked(before, row)})
    return row


@enforces(controls.PROVISIONING)
@after_conflicts
def delete(who: ScimStanding, user_id: UUID, *, seen: Seen, origin: Origin, now: datetime) -> None:
    """
    Forget a description, after doing what it would do that it is not active.

    :raises NotFoundError: there is none
    :raises ScimVersionMismatch: it is not what the caller has seen
    :raises LastOwner: the last owner would be switched off
    """
    row = get(who, user_id)
    people = [row.user_id] if row.user_id else []
    attempt = _attempt(who, Event.SCIM_USER_DELETED, user_id, origin=origin, now=now)
    with acting(attempt, people=people) as act:
        row = _held(who, user_id, seen)
        with scim_roles.following(act, [row.pk]):
            if row.is_active:
                scim_people.dismiss(act, row)
            ScimMember.objects.filter(user=row).delete()
        act.record()
        ScimUser.objects.filter(pk=row.pk).delete()


def of(who: ScimStanding) -> QuerySet[ScimUser]:
    """Choose what the organization of a token has."""
    return ScimUser.objects.filter(organization_id=who.organization_id)


def shorten_all_of(organization_id: UUID) -> bool:
    """Delete a portion of the descriptions of an organization, and say if that was all."""
    oldest = ScimUser.objects.filter(organization_id=organization_id).order_by("pk")
    keys = list(oldest.values_list("pk", flat=True)[:_PORTION])
    ScimMember.objects.filter(user__in=keys).delete()
    # Nothing points to them any more; ``delete`` would fetch them all to look for it.
    gone = ScimUser.objects.filter(pk__in=keys)
    gone._raw_delete(gone.db)
    return len(keys) < _PORTION


def require_seen(seen: Seen, version: int) -> None:
    """
    Go on only if a caller has seen what there is, or does not mind.

    :raises ScimVersionMismatch: it has changed since
    """
    if seen is not None and not seen(version):
        raise ScimVersionMismatch(reason="another version")


def _held(who: ScimStanding, user_id: UUID, seen: Seen) -> ScimUser:
    row = get(who, user_id)
    require_seen(seen, row.version)
    return row


def _fill(row: ScimUser, described: Description, *, now: datetime) -> None:
    address = described.address
    row.user_name, row.user_name_key = described.user_name, folded(described.user_name)
    row.external_id, row.is_active = described.external_id, described.is_active
    row.email_key = address.key if address else ""
    row.attributes, row.updated_at = described.attributes, now


def _require_bounds(described: Description) -> None:
    texts = (described.user_name, folded(described.user_name), described.external_id)
    if max(map(len, texts)) > _LONGEST:
        told = f"userName and externalId have {_LONGEST} characters at most."
        raise ScimRequestInvalid(told, scim_type="invalidValue")
    if not described.user_name.strip():
        raise ScimRequestInvalid("userName is missing.", scim_type="invalidValue")
    if len(orjson.dumps(described.attributes)) > _MOST_BYTES:
        raise ScimRequestInvalid("This is too much about one user.", scim_type="tooMany")
    for name, value in described.attributes.items():
        if isinstance(value, list) and len(value) > MOST_VALUES:
            told = f"{name} has {MOST_VALUES} values at most."
            raise ScimRequestInvalid(told, scim_type="tooMany")


def _require_free(who: ScimStanding, described: Description, *, but: UUID) -> None:
    """Nobody takes the name meanwhile: the organization is held."""
    key = folded(described.user_name)
    if of(who).filter(user_name_key=key).exclude(pk=but).exists():
        told = "There is a user of this name."
        raise ScimConflict(told, scim_type="uniqueness", reason="name is taken")


def _changed(was: Description, now_is: Description) -> dict[str, tuple[Any, Any]]:
    """Name what changed, without the values."""
    names = {
        name
        for name in was.attributes.keys() | now_is.attributes.keys()
        if was.attributes.get(name, _ABSENT) != now_is.attributes.get(name, _ABSENT)
    }
    pairs = {"userName": "user_name", "externalId": "external_id"}
    names |= {
        name for name, field in pairs.items() if getattr(was, field) != getattr(now_is, field)
    }
    told: dict[str, tuple[Any, Any]] = {"attributes": (None, sorted(names))} if names else {}
    if was.is_active != now_is.is_active:
        told["active"] = (was.is_active, now_is.is_active)
    return told


def _linked(before: UUID | None, row: ScimUser) -> dict[str, tuple[Any, Any]]:
    if row.user_id == before:
        return {}
    return {"account": (before and str(before), str(row.user_id))}


def _attempt(
    who: ScimStanding, event: Event, user_id: UUID, *, origin: Origin, now: datetime
) -> Attempt:
    target = Target("scim_user", id=str(user_id))
    return Attempt(who.provisioner, who.organization_id, event, target, origin, now)
