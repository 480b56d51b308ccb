"""
Groups between SCIM and rows (RFC 7643, section 4.2).

Members are read into steps and told from rows, beside the model: there may be thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from scim2_models import Context, PatchOp, ResponseParameters, ScimFilter
from scim2_models.path import AttrPath, CompareOperator, Comparison, ValuePath

from sso.models import ScimGroup, ScimMember
from sso.scim import reading
from sso.scim.errors import PREFIX
from sso.scim.filters import Layout, Related, condition, of_entries
from sso.scim.kinds import Group
from sso.scim.places import Constant, Identifier, Moment, Text
from sso.scim_errors import ScimRequestInvalid
from sso.services import scim_groups
from sso.services.scim_groups import GroupDescription, Step, Verb
from sso.services.scim_tokens import ScimStanding

_USERS, _GROUPS = f"{PREFIX}/Users", f"{PREFIX}/Groups"
_MEMBERS = "members"
_DISPLAY = "display"  # told on request only
_PARTS = ("value", "$ref", "type", _DISPLAY)
_LAYOUT = Layout(
    columns={
        "id": Identifier("pk"),
        "display_name": Text("display_name_key", is_folded=True),
        "external_id": Text("external_id"),
        "meta": Constant("meta"),
        "meta.created": Moment("created_at"),
        "meta.last_modified": Moment("updated_at"),
        "meta.resource_type": Constant("Group"),
    },
    related={
        _MEMBERS: Related(
            rows=ScimMember.objects.all,
            own="group",
            parts={
                "value": Identifier("user"),
                "display": Text("user__user_name_key", is_folded=True),
                "type": Constant("User"),
            },
        )
    },
)


def read(body: Any, *, is_new: bool) -> GroupDescription:
    """
    Read a group that is made, or that takes the place of what there is.

    :raises ScimRequestInvalid: the body is not a group
    """
    context = Context.RESOURCE_CREATION_REQUEST if is_new else Context.RESOURCE_REPLACEMENT_REQUEST
    with reading.refused_plainly():
        group: Group = Group.model_validate(
            reading.mapping(body), scim_ctx=context, scim_policy=reading.TOLERANT
        )
    step = Step(Verb.REPLACE, _ids(group.members or []))
    return GroupDescription(group.display_name or "", group.external_id or "", (step,))


def patched(row: ScimGroup, operations: PatchOp[Group]) -> GroupDescription:
    """
    Say what a group is after a PATCH.

    :raises ScimRequestInvalid: an operation cannot be done
    """
    steps: list[Step] = []
    rest: list[Any] = []
    for operation in operations.operations or []:
        step, other = _divided(operation)
        if step is not None:
            steps.append(step)
        if other is not None:
            rest.append(other)
    group = Group(id=str(row.pk), display_name=row.display_name, external_id=row.external_id)
    with reading.refused_plainly():
        if rest:
            PatchOp[Group](Operations=rest).patch(group, scim_policy=reading.TOLERANT)
    return GroupDescription(group.display_name or "", group.external_id or "", _merged(steps))


def told(rows: Sequence[ScimGroup], wanted: ResponseParameters[Any]) -> list[dict[str, Any]]:
    """
    Tell of groups, with the attributes that are wanted; members are read only if they are.

    :raises ScimRequestInvalid: they have more members than one answer holds
    """
    parts = _wanted_parts(wanted)
    members = scim_groups.members_of(rows) if parts else {}
    return [_told(row, members.get(row.pk, []), parts, wanted) for row in rows]


def found(
    who: ScimStanding, wanted: ScimFilter[Any] | None, *, is_strict: bool = True
) -> QuerySet[ScimGroup]:
    """Choose those that a filter chooses."""
    return scim_groups.of(who).filter(condition(wanted, _LAYOUT, is_strict=is_strict))


def location(group_id: UUID) -> str:
    return f"{settings.PUBLIC_URL}{_GROUPS}/{group_id}"


def _divided(operation: Any) -> tuple[Step | None, Any]:
    """Divide an operation into what it does to members, and what it does besides."""
    verb = Verb(operation.op.value)
    node = operation.path.ast if operation.path else None
    if node is None:
        value = operation.value if isinstance(operation.value, dict) else {}
        members = [each for name, each in value.items() if name.lower() == _MEMBERS]
        other = {name: each for name, each in value.items() if name.lower() != _MEMBERS}
        step = Step(verb, _given(members[0])) if members else None
        if members and not other:
            return step, None
        return step, operation.model_copy(update={"value": other}) if members else operation
    path = node if isinstance(node, AttrPath) else node.attr_path
    if path.attr.lower() != _MEMBERS:
        return None, operation
    return _step(verb, node, operation.value), None


def _step(verb: Verb, node: Any, value: Any) -> Step:
    if isinstance(node, ValuePath):
        if verb is not Verb.REMOVE or node.sub_attr:
            told = "A member comes or goes; nothing of one changes."
            raise ScimRequestInvalid(told, scim_type="mutability")
        only = _only_value(node)
        if only is not None:
            return Step(verb, _keys([only]))
        with reading.refused_plainly():
            which = of_entries(ScimFilter[Group](f"{_MEMBERS}[{node.val_filter}]"), _LAYOUT)
        return Step(verb, which=which)
    if not isinstance(node, AttrPath) or node.sub_attr:
        raise ScimRequestInvalid("Name members as a whole.", scim_type="invalidPath")
    if verb is Verb.REMOVE and value is None:
        return Step(Verb.REPLACE)
    return Step(verb, _given(value))


def _only_value(node: ValuePath) -> str | None:
    """The id in ``members[value eq "..."]``, as providers take one member away."""
    inner = node.val_filter
    if not isinstance(inner, Comparison) or inner.op is not CompareOperator.eq:
        return None
    is_id = inner.attr_path.attr.lower() == "value" and isinstance(inner.value, str)
    return str(inner.value) if is_id else None


def _given(value: Any) -> frozenset[UUID]:
    entries = value if isinstance(value, list) else [] if value is None else [value]
    with reading.refused_plainly():
        return _ids(Group.model_validate({_MEMBERS: entries}).members or [])


def _ids(members: Iterable[Any]) -> frozenset[UUID]:
    return _keys([member.value for member in members])


def _keys(texts: Iterable[str | None]) -> frozenset[UUID]:
    try:
        return frozenset(UUID(text or "") for text in texts)
    except ValueError as error:
        told = "A member is named by the id of a user."
        raise ScimRequestInvalid(told, scim_type="invalidValue") from error


def _merged(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Make one step of many that follow each other and do the same, one member at a time."""
    whole: list[Step] = []
    for (verb, is_plain), run in groupby(steps, key=lambda step: (step.verb, step.which is None)):
        if is_plain and verb is not Verb.REPLACE:
            whole.append(Step(verb, frozenset().union(*(step.ids for step in run))))
        else:
            whole.extend(run)
    return tuple(whole)


def _wanted_parts(wanted: ResponseParameters[Any]) -> tuple[str, ...]:
    """Say which parts of members an answer has."""
    asked = [_lowered(path) for path in wanted.attributes or []]
    left_out = [_lowered(path) for path in wanted.excluded_attributes or []]
    usual = [part for part in _PARTS if part != _DISPLAY]
    parts = [part for part in usual if f"{_MEMBERS}.{part.lower()}" not in left_out]
    if _MEMBERS in left_out or (asked and not any(_is_of_members(name) for name in asked)):
        return ()
    if asked and _MEMBERS not in asked:
        parts = [part for part in _PARTS if f"{_MEMBERS}.{part.lower()}" in asked]
    elif f"{_MEMBERS}.{_DISPLAY}" in asked:
        parts.append(_DISPLAY)
    return tuple(parts)


def _lowered(path: Any) -> str:
    return str(path).lower().removeprefix(f"{str(Group.__schema__).lower()}:")


def _is_of_members(name: str) -> bool:
    return name.partition(".")[0] == _MEMBERS


def _told(
    row: ScimGroup,
    members: Sequence[tuple[UUID, str]],
    parts: Sequence[str],
    wanted: ResponseParameters[Any],
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": str(row.pk),
        "displayName": row.display_name,
        "meta": {
            "resourceType": "Group",
            "created": row.created_at,
            "lastModified": row.updated_at,
            "location": location(row.pk),
            "version": f'W/"{row.version}"',
        },
    }
    if row.external_id:
        facts["externalId"] = row.external_id
    body: dict[str, Any] = Group.model_validate(facts).model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted
    )
    if members:
        body[_MEMBERS] = [_member(*member, parts) for member in members]
    return body


def _member(user_id: UUID, name: str, parts: Sequence[str]) -> Mapping[str, str]:
    whole = {
        "value": str(user_id),
        "$ref": f"{settings.PUBLIC_URL}{_USERS}/{user_id}",
        "display": name,
        "type": "User",
    }
    return {part: whole[part] for part in parts}
