"""
Connections in the hands of superusers, who set an organization up on behalf of its members.

A superuser could let anybody in anyhow; what they do here is in the organization's own trail.
Metadata are fetched before a transaction is open, by whoever calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.services import organization_staff
from accounts.services.organization_staff import Held, Staff
from accounts.services.staff import actor_of
from audit.events import Event
from audit.services.record import Changes, get_audit_service
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import connection_controls as controls
from sso.models import Connection
from sso.services import connection_acts, connection_rows, connection_tests, ended


@enforces(controls.CONNECTIONS)
def create(
    organization_id: UUID,
    protocol: str,
    *,
    fields: Mapping[str, Any],
    by: Staff,
    origin: Origin,
    now: datetime,
) -> Connection:
    """
    Make a connection of fields that were judged, in the caller's transaction or one of its own.

    :raises AuthorizationError: only superusers may
    :raises ConflictError: there are too many
    :raises SlugTaken: another connection of the deployment has the slug
    """
    with transaction.atomic():
        held = organization_staff.hold(organization_id, by=by)
        wanted = _with_role(held, fields)
        connection = connection_rows.make(organization_id, protocol, wanted, now=now)
        is_fetched = bool(wanted.get("metadata_url"))
        connection_rows.schedule(connection, now=now, fetched_at=now if is_fetched else None)
        told = connection_rows.as_made(connection)
        _record(Event.CONNECTION_CREATED, connection, told, by=by, origin=origin, now=now)
    return connection


@enforces(controls.CONNECTIONS)
def change(
    connection_id: UUID,
    *,
    fields: Mapping[str, Any],
    by: Staff,
    origin: Origin,
    now: datetime,
) -> Connection:
    """
    Change a connection, in the caller's transaction or one of its own.

    Whoever turns it off calls ``ended.switched_off`` once that is committed.

    :raises AuthorizationError: only superusers may
    :raises LastConnection: it would be off, and the organization requires single sign-on
    """
    with transaction.atomic():
        held, connection = _held(connection_id, by=by)
        if fields.get("enabled") is False:
            connection_acts.require_another(held, connection)
        told = connection_rows.change(connection, _with_role(held, fields), now=now)
        if told:
            _record(Event.CONNECTION_UPDATED, connection, told, by=by, origin=origin, now=now)
        if "metadata_url" in fields:
            fetched_at = now if fields["metadata_url"] else None
            connection_rows.schedule(connection, now=now, fetched_at=fetched_at)
    return connection


@enforces(controls.CONNECTIONS)
@after_conflicts
def test(connection_id: UUID, *, by: Staff, origin: Origin, now: datetime) -> str:
    """
    Return the address at which a browser tries a connection, signing nobody in.

    :raises AuthorizationError: only superusers may
    :raises ConflictError: the connection is off
    """
    with transaction.atomic():
        _, connection = _held(connection_id, by=by)
        connection_rows.require_enabled(connection)
        _record(Event.CONNECTION_TESTED, connection, None, by=by, origin=origin, now=now)
        return connection_tests.address(connection, tester_id=by.pk, now=now)


@enforces(controls.CONNECTIONS)
@after_conflicts
def switch(
    connection_id: UUID, *, is_enabled: bool, by: Staff, origin: Origin, now: datetime
) -> bool:
    """
    Turn a connection on or off; false if it is so already.

    :raises AuthorizationError: only superusers may
    :raises LastConnection: it would be off, and the organization requires single sign-on
    """
    with transaction.atomic():
        _, connection = _held(connection_id, by=by)
        if connection.is_enabled == is_enabled:
            return False
        change(connection_id, fields={"enabled": is_enabled}, by=by, origin=origin, now=now)
    return True


@enforces(controls.CONNECTIONS)
def end(connection_id: UUID, *, by: Staff, origin: Origin, now: datetime) -> bool:
    """
    Turn a connection off, and end the sessions that came by it.

    :raises AuthorizationError: only superusers may
    :raises LastConnection: the organization requires single sign-on, and has no other that is on
    """
    is_new = switch(connection_id, is_enabled=False, by=by, origin=origin, now=now)
    if is_new:
        ended.switched_off(connection_id, actor=actor_of(by), origin=origin, now=now)
    return is_new


@enforces(controls.CONNECTIONS)
def delete(connection_id: UUID, *, by: Staff, origin: Origin, now: datetime) -> bool:
    """
    Delete a connection with all that came of it; not for transactions.

    :raises AuthorizationError: only superusers may
    :raises LastConnection: the organization requires single sign-on, and has no other that is on
    """
    _close(connection_id, by=by, origin=origin, now=now)
    ended.forgotten(connection_id, actor=actor_of(by), origin=origin, now=now)
    Connection.objects.filter(pk=connection_id).delete()
    return True


@after_conflicts
def _close(connection_id: UUID, *, by: Staff, origin: Origin, now: datetime) -> None:
    with transaction.atomic():
        held, connection = _held(connection_id, by=by)
        connection_acts.require_another(held, connection)
        _record(Event.CONNECTION_DELETED, connection, None, by=by, origin=origin, now=now)
        connection_rows.change(connection, {"enabled": False}, now=now)


def _held(connection_id: UUID, *, by: Staff) -> tuple[Held, Connection]:
    mine = Connection.objects.filter(pk=connection_id)
    organization_id = mine.values_list("organization_id", flat=True).first()
    if organization_id is None:
        raise NotFoundError(reason="no such connection")
    held = organization_staff.hold(organization_id, by=by)
    connection = connection_rows.by_key(connection_id, is_held=True)
    if connection is None:
        raise NotFoundError(reason="no such connection")
    return held, connection


def _with_role(held: Held, fields: Mapping[str, Any]) -> dict[str, Any]:
    if not fields.get("default_role"):
        return dict(fields)
    key, _ = connection_acts.default_role(held.pk, fields["default_role"])
    return {**fields, "default_role": key}


def _record(
    event: Event,
    connection: Connection,
    changes: Changes | None,
    *,
    by: Staff,
    origin: Origin,
    now: datetime,
) -> None:
    get_audit_service().record(
        event,
        actor=actor_of(by),
        target=connection_rows.target_of(connection),
        origin=origin,
        organization_id=connection.organization_id,
        changes=changes,
        now=now,
    )
