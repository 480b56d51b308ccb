"""Answers about organizations, and the serializers that describe them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Invitation, Membership, Role, User


class RoleNameAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class PolicyAnswer(serializers.Serializer[Any]):
    require_mfa = serializers.BooleanField()
    mfa_required_from = serializers.DateTimeField(
        allow_null=True, help_text="When members without a second factor begin to be refused."
    )
    require_sso = serializers.BooleanField()
    sso_required_from = serializers.DateTimeField(
        allow_null=True, help_text="Since when people of its domains come by a connection only."
    )


class OrganizationAnswer(serializers.Serializer[Any]):
    """An organization as one of its members sees it; ``role`` is theirs."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    created_at = serializers.DateTimeField()
    policy = PolicyAnswer()
    role = RoleNameAnswer()


class OrganizationPageAnswer(serializers.Serializer[Any]):
    results = OrganizationAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class OwnMembershipAnswer(serializers.Serializer[Any]):
    """What a person is in an organization, and may do there."""

    organization = serializers.DictField(
        child=serializers.CharField(), help_text="`id`, `name` and `slug`."
    )
    role = RoleNameAnswer()
    permissions = serializers.ListField(child=serializers.CharField())
    joined_at = serializers.DateTimeField()


class OwnMembershipPageAnswer(serializers.Serializer[Any]):
    results = OwnMembershipAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class MemberUserAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)


class MemberAnswer(serializers.Serializer[Any]):
    user = MemberUserAnswer()
    role = RoleNameAnswer()
    joined_at = serializers.DateTimeField()


class MemberPageAnswer(serializers.Serializer[Any]):
    results = MemberAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class InvitationAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = RoleNameAnswer()
    invited_by = MemberUserAnswer()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class InvitationPageAnswer(serializers.Serializer[Any]):
    results = InvitationAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class RoleAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    builtin = serializers.BooleanField(help_text="Built-in roles cannot be changed.")
    permissions = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


class RolePageAnswer(serializers.Serializer[Any]):
    results = RoleAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class PermissionAnswer(serializers.Serializer[Any]):
    permission = serializers.CharField()
    allowed = serializers.BooleanField()


def organization(membership: Membership) -> dict[str, Any]:
    """Show an organization to a member."""
    found = membership.organization
    return {
        "id": found.pk,
        "name": found.name,
        "slug": found.slug,
        "created_at": found.created_at,
        "policy": {
            "require_mfa": found.mfa_required_from is not None,
            "mfa_required_from": found.mfa_required_from,
            "require_sso": found.sso_required_from is not None,
            "sso_required_from": found.sso_required_from,
        },
        "role": _named(membership.role),
    }


def own_membership(membership: Membership) -> dict[str, Any]:
    """Show a person what they are in an organization."""
    found = membership.organization
    return {
        "organization": {"id": str(found.pk), "name": found.name, "slug": found.slug},
        "role": _named(membership.role),
        "permissions": membership.role.permissions,
        "joined_at": membership.created_at,
    }


def member(membership: Membership) -> dict[str, Any]:
    """Show a member to another one."""
    return {
        "user": _person(membership.user),
        "role": _named(membership.role),
        "joined_at": membership.created_at,
    }


def invitation(written: Invitation) -> dict[str, Any]:
    """Show an invitation to a member; its link is in the letter alone."""
    return {
        "id": written.pk,
        "email": written.email,
        "role": _named(written.role),
        "invited_by": _person(written.invited_by),
        "created_at": written.created_at,
        "expires_at": written.expires_at,
    }


def role(found: Role) -> dict[str, Any]:
    """Show a role with what it allows."""
    return {
        **_named(found),
        "description": found.description,
        "builtin": found.is_builtin,
        "permissions": found.permissions,
        "created_at": found.created_at,
    }


def _named(role: Role) -> dict[str, Any]:
    return {"id": role.pk, "name": role.name}


def _person(user: User) -> dict[str, Any]:
    return {"id": user.pk, "email": user.email, "name": user.name}
