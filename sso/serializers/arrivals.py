"""Bodies and answers about where people sign in, and what their groups give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from accounts.serializers.organization_bodies import RoleName
from accounts.services.federation import LoginDoor
from plinto.kernel.serializers import Body, Text
from sso.services.group_roles import MOST, Line


class DiscoverBody(Body):
    email = Text(max_length=320)


class LoginDoorAnswer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    protocol = serializers.ChoiceField(choices=["saml", "oidc"])
    login_url = serializers.URLField(help_text="Send the browser there, with `?redirect_uri=`.")


class DiscoverAnswer(serializers.Serializer[Any]):
    connection = LoginDoorAnswer(
        allow_null=True, help_text="Null if people of this domain sign in some other way."
    )


class Group(Text):
    """The name of a group, exactly as its provider sends it."""

    default_error_messages = {"unreadable": "Use printable characters."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 255, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        group = super().to_internal_value(data)
        if not group.isprintable():
            self.fail("unreadable")
        return group


class GroupRoleBody(Body):
    group = Group()
    role = RoleName()


class GroupRolesBody(Body):
    group_roles = serializers.ListField(
        child=GroupRoleBody(),
        max_length=MOST,
        help_text="Of several lines that match, the first counts.",
    )

    def validate_group_roles(self, lines: list[dict[str, str]]) -> list[Line]:
        """Read the lines, of which each names another group."""
        if len({line["group"] for line in lines}) < len(lines):
            raise serializers.ValidationError("Name each group once.")
        return [(line["group"], line["role"]) for line in lines]


class GroupRoleAnswer(serializers.Serializer[Any]):
    group = serializers.CharField()
    role = serializers.CharField()


class GroupRolesAnswer(serializers.Serializer[Any]):
    group_roles = GroupRoleAnswer(many=True)


def discovered(door: LoginDoor | None) -> dict[str, Any]:
    """Show where the people of a domain sign in."""
    return {"connection": asdict(door) if door else None}


def group_roles(lines: Sequence[Line]) -> dict[str, Any]:
    """Show the lines in their order."""
    return {"group_roles": [{"group": group, "role": role} for group, role in lines]}
