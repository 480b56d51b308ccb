"""What acts of members on connections ask, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accounts.rules import permissions
from accounts.services import roles
from accounts.services.organization_acts import Acting
from accounts.services.organization_staff import Held
from plinto.kernel.exceptions import ValidationError
from sso.errors import LastConnection
from sso.models import Connection
from sso.services import connection_rows


def within_reach(act: Acting, protocol: str, slug: str) -> Connection:
    act.require(permissions.WRITE_SSO)
    return connection_rows.held(connection_rows.of(act.organization.pk, protocol), slug)


def with_role(act: Acting, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the name of the default role into its key, if the member may give it to anybody."""
    if not wanted.get("default_role"):
        return dict(wanted)
    key, held = default_role(act.organization.pk, wanted["default_role"])
    act.require_all_of(held)
    return {**wanted, "default_role": key}


def default_role(organization_id: UUID, name: str) -> tuple[UUID, list[str]]:
    """
    Find the role that strangers would get: its key, and what it holds.

    :raises ValidationError: there is none of this name, or it is that of owners
    """
    try:
        role = roles.named(organization_id, name)
    except ValidationError as refusal:
        told = refusal.details["fields"]["role"]
        raise ValidationError(fields={"default_role": told}) from refusal
    if role.is_owner:
        raise ValidationError(fields={"default_role": ["Nobody becomes an owner by signing in."]})
    return role.pk, role.permissions


def require_another(organization: Held, connection: Connection) -> None:
    """
    Keep the last way in of an organization, which is held, whose people have no other.

    :raises LastConnection: it would be gone
    """
    others = Connection.objects.filter(organization_id=organization.pk, is_enabled=True)
    is_last = connection.is_enabled and not others.exclude(pk=connection.pk).exists()
    if is_last and organization.sso_required_from is not None:
        raise LastConnection(reason="last connection while single sign-on is required")
