"""
The connections of an organization, managed by its members.

A connection vouches for people, so no program manages one, and whoever does has proved lately who
they are. Its default role is given to strangers, so it holds nothing that its giver lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.rules import permissions
from accounts.services import roles
from accounts.services.access import get_rbac_service
from accounts.services.organization_acts import Acting, Attempt, acting
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.exceptions import NotFoundError, ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import connection_controls as controls
from sso.errors import LastConnection
from sso.models import Connection
from sso.services import connection_fields, connection_rows
from sso.services.connection_rows import target_of


def listed(
    who: Standing,
    organization_id: UUID,
    protocol: str,
    *,
    wanted: pages.PageRequest,
    now: datetime,
) -> pages.Page[Connection]:
    """
    List the connections of an organization over one protocol, newest first.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``sso:read``, or a second factor
    """
    get_rbac_service().require(who, organization_id, permissions.READ_SSO, now=now)
    return pages.cut(connection_rows.of(organization_id, protocol), wanted=wanted)


def found(
    who: Standing, organization_id: UUID, protocol: str, slug: str, *, now: datetime
) -> Connection:
    """
    Find one of them.

    :raises NotFoundError: there is no such connection, or no such organization for this person
    :raises AuthorizationError: they lack ``sso:read``, or a second factor
    """
    get_rbac_service().require(who, organization_id, permissions.READ_SSO, now=now)
    connection = connection_rows.of(organization_id, protocol).filter(slug=slug).first()
    if connection is None:
        raise NotFoundError(reason="no such connection")
    return connection


@enforces(controls.CONNECTIONS)
@after_conflicts
def create(
    who: Standing,
    organization_id: UUID,
    protocol: str,
    *,
    fields: Mapping[str, Any],
    origin: Origin,
    now: datetime,
) -> Connection:
    """
    Make a connection.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``sso:write``, or something that the default role holds
    :raises ConflictError: there are too many connections
    :raises SlugTaken: another connection of the deployment has the slug
    :raises ValidationError: a field cannot be kept
    """
    wanted = connection_fields.whole(protocol, connection_fields.judged(fields))
    target = Target("connection", label=wanted.get("slug", ""))
    attempt = Attempt(who, organization_id, Event.CONNECTION_CREATED, target, origin, now)
    with acting(attempt) as act:
        act.require(permissions.WRITE_SSO)
        _choose_role(act, wanted)
        connection = connection_rows.make(organization_id, protocol, wanted, now=now)
        act.record(target=target_of(connection), changes=connection_rows.as_made(connection))
    return _shown(connection)


@enforces(controls.CONNECTIONS)
@after_conflicts
def update(
    who: Standing,
    organization_id: UUID,
    protocol: str,
    slug: str,
    *,
    fields: Mapping[str, Any],
    origin: Origin,
    now: datetime,
) -> Connection:
    """
    Change what a connection asks and gives; it counts from the next sign-in on.

    :raises NotFoundError: there is no such connection, or no such organization for this person
    :raises AuthorizationError: they lack ``sso:write``, or something that the default role holds
    :raises LastConnection: it would be off, and the organization requires single sign-on
    :raises ValidationError: a field cannot be kept
    """
    wanted = connection_fields.judged(fields)
    attempt = _attempt(who, organization_id, Event.CONNECTION_UPDATED, slug, origin, now)
    with acting(attempt) as act:
        connection = _within_reach(act, protocol, slug)
        _choose_role(act, wanted)
        if wanted.get("enabled") is False:
            _require_another(act, connection)
        changes = connection_rows.change(connection, wanted, now=now)
        if changes:
            act.record(target=target_of(connection), changes=changes)
    return _shown(connection)


@enforces(controls.CONNECTIONS)
@after_conflicts
def delete(
    who: Standing,
    organization_id: UUID,
    protocol: str,
    slug: str,
    *,
    origin: Origin,
    now: datetime,
) -> None:
    """
    Delete a connection; nobody comes in by it any more.

    :raises NotFoundError: there is no such connection, or no such organization for this person
    :raises AuthorizationError: they lack ``sso:write``
    :raises LastConnection: the organization requires single sign-on, and has no other that is on
    """
    attempt = _attempt(who, organization_id, Event.CONNECTION_DELETED, slug, origin, now)
    with acting(attempt) as act:
        connection = _within_reach(act, protocol, slug)
        _require_another(act, connection)
        act.record(target=target_of(connection))
        connection.delete()


def _attempt(
    who: Standing, organization_id: UUID, event: Event, slug: str, origin: Origin, now: datetime
) -> Attempt:
    return Attempt(who, organization_id, event, Target("connection", label=slug), origin, now)


def _within_reach(act: Acting, protocol: str, slug: str) -> Connection:
    act.require(permissions.WRITE_SSO)
    return connection_rows.held(connection_rows.of(act.organization.pk, protocol), slug)


def _choose_role(act: Acting, wanted: dict[str, Any]) -> None:
    """Turn the name of the default role into its key, if the member may give it to anybody."""
    if not wanted.get("default_role"):
        return
    try:
        role = roles.named(act.organization.pk, wanted["default_role"])
    except ValidationError as refusal:
        told = refusal.details["fields"]["role"]
        raise ValidationError(fields={"default_role": told}) from refusal
    if role.is_owner:
        raise ValidationError(fields={"default_role": ["Nobody becomes an owner by signing in."]})
    act.require_all_of(role.permissions)
    wanted["default_role"] = role.pk


def _require_another(act: Acting, connection: Connection) -> None:
    """Keep the last way in of an organization whose people have no other."""
    others = Connection.objects.filter(organization_id=act.organization.pk, is_enabled=True)
    is_last = connection.is_enabled and not others.exclude(pk=connection.pk).exists()
    if is_last and act.organization.sso_required_from is not None:
        raise LastConnection(reason="last connection while single sign-on is required")


def _shown(connection: Connection) -> Connection:
    return connection_rows.of(connection.organization_id, connection.protocol).get(pk=connection.pk)
