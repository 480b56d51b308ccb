"""Users between SCIM and descriptions (RFC 7643, sections 4.1 and 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from scim2_models import Context, ResponseParameters, ScimFilter

from sso.models import ScimMember, ScimUser
from sso.scim import reading
from sso.scim.errors import PREFIX
from sso.scim.filters import Layout, Related, condition
from sso.scim.kinds import Person
from sso.scim.places import Constant, Identifier, Moment, Text, Truth
from sso.services import scim_users
from sso.services.scim_people import Description
from sso.services.scim_tokens import ScimStanding

_ACTIVE = "active"
_USERS = f"{PREFIX}/Users"
_OWN = {"schemas", "id", "meta", "groups", "userName", "externalId", _ACTIVE, "password"}
_LAYOUT = Layout(
    columns={
        "id": Identifier("pk"),
        "user_name": Text("user_name_key", is_folded=True),
        "external_id": Text("external_id"),
        "active": Truth("is_active"),
        "meta": Constant("meta"),
        "meta.created": Moment("created_at"),
        "meta.last_modified": Moment("updated_at"),
        "meta.resource_type": Constant("User"),
        "password": Constant(),
    },
    related={
        "groups": Related(
            rows=ScimMember.objects.all,
            own="user",
            parts={
                "value": Identifier("group"),
                "display": Text("group__display_name_key", is_folded=True),
                "type": Constant(),
            },
        )
    },
    json="attributes",
    most_values=scim_users.MOST_VALUES,
)


def read(body: Any, *, was: ScimUser | None = None) -> Description:
    """
    Read a user that is made, or that takes the place of what there is.

    Whoever is told nothing of being active is, or stays what they are: a provider that leaves it
    out has not switched anybody on.

    :raises ScimRequestInvalid: the body is not a user
    """
    context = Context.RESOURCE_REPLACEMENT_REQUEST if was else Context.RESOURCE_CREATION_REQUEST
    with reading.refused_plainly():
        user = Person.model_validate(
            reading.mapping(body), scim_ctx=context, scim_policy=reading.TOLERANT
        )
        return _description(user, is_active=was.is_active if was else True)


def patched(row: ScimUser, operations: Any) -> Description:
    """
    Say what a description is after a PATCH.

    :raises ScimRequestInvalid: an operation cannot be done
    """
    with reading.refused_plainly():
        user = resource(row, [])
        operations.patch(user, scim_policy=reading.TOLERANT)
        found = _description(user, is_active=row.is_active)
    if user.active is None:
        # It was taken away; that says nothing of what they are, and is shown as it is.
        found.attributes[_ACTIVE] = None
    return found


def told(rows: Sequence[ScimUser], wanted: ResponseParameters[Any]) -> list[dict[str, Any]]:
    """Tell of users, with the attributes that are wanted."""
    groups = scim_users.groups_of(rows)
    return [
        resource(row, groups[row.pk]).model_dump(
            scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted
        )
        for row in rows
    ]


def found(
    who: ScimStanding, wanted: ScimFilter[Any] | None, *, is_strict: bool = True
) -> QuerySet[ScimUser]:
    """Choose those that a filter chooses."""
    return scim_users.of(who).filter(condition(wanted, _LAYOUT, is_strict=is_strict))


def location(user_id: UUID) -> str:
    return f"{settings.PUBLIC_URL}{_USERS}/{user_id}"


def _description(user: Any, *, is_active: bool) -> Description:
    kept = {
        name: value
        for name, value in user.model_dump(scim_ctx=Context.DEFAULT).items()
        if name not in _OWN
    }
    return Description(
        user_name=user.user_name or "",
        external_id=user.external_id or "",
        is_active=is_active if user.active is None else user.active,
        attributes=kept,
    )


def resource(row: ScimUser, groups: Sequence[tuple[UUID, str]]) -> Any:
    """Make of a row what SCIM calls a user."""
    told = {
        **row.attributes,
        "id": str(row.pk),
        "userName": row.user_name,
        _ACTIVE: None if _ACTIVE in row.attributes else row.is_active,
        "meta": {
            "resourceType": "User",
            "created": row.created_at,
            "lastModified": row.updated_at,
            "location": location(row.pk),
            "version": f'W/"{row.version}"',
        },
    }
    if row.external_id:
        told["externalId"] = row.external_id
    if groups:
        told["groups"] = [
            {
                "value": str(key),
                "$ref": f"{settings.PUBLIC_URL}{PREFIX}/Groups/{key}",
                "display": name,
            }
            for key, name in groups
        ]
    return Person.model_validate(told)
