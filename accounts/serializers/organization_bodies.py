"""Request bodies of organizations, each an allow-list of fields."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from accounts.rules import permissions, slugs
from accounts.serializers.fields import Name
from plinto.kernel.serializers import Body, Text

# Far more than anybody tells apart; bounds what every request about the organization carries.
_PERMISSIONS = 50
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class FullName(Name):
    """The name of an organization: as that of a person, but never empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_blank": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not name:
            self.fail("blank")
        return name


class Slug(Text):
    """The short name of an organization, in any case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 100, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return slugs.canonical(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class RoleName(Text):
    """The name of a role: a word that programs may rely on."""

    default_error_messages = {
        "unreadable": "Use 1 to 40 lower-case letters, digits, _ and -, with a letter first."
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 40, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not _ROLE.fullmatch(name):
            self.fail("unreadable")
        return name


class Permission(Text):
    """A permission or a wildcard."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 100, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return permissions.read(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class OrganizationBody(Body):
    name = FullName()
    slug = Slug()


class Truth(serializers.BooleanField):
    """True or false, and nothing that merely looks like one: "no" is not false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class PolicyBody(Body):
    require_mfa = Truth(
        required=False,
        help_text="Members without a second factor are refused after seven days of grace.",
    )
    require_sso = Truth(
        required=False,
        help_text="Whoever has an address in a proved domain comes in by a connection only; owners "
        "may come another way, and every owner is told. Sessions go on.",
    )


class OrganizationChangeBody(Body):
    name = FullName(required=False)
    slug = Slug(required=False)
    policy = PolicyBody(required=False)


class RoleBody(Body):
    name = RoleName()
    description = Name(default="")
    permissions = serializers.ListField(child=Permission(), max_length=_PERMISSIONS)


class RoleChangeBody(Body):
    name = RoleName(required=False)
    description = Name(required=False)
    permissions = serializers.ListField(child=Permission(), max_length=_PERMISSIONS, required=False)


class MemberBody(Body):
    role = RoleName()


class InvitationBody(Body):
    email = Text(max_length=320)
    role = RoleName()


class AcceptBody(Body):
    token = Text(max_length=512)


class PermissionQuery(serializers.Serializer[Any]):
    permission = Permission()
