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
from sso.services import (
    connection_fields,
    connection_rows,
    connection_sources,
    ended,
)
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
    Make a connection; metadata are fetched at once if their address is what is given.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``sso:write``, or something that the default role holds
    :raises ConflictError: there are too many connections
    :raises SlugTaken: another connection of the deployment has the slug
    :raises ValidationError: a field cannot be kept
    :raises SSOMetadataError: there are no metadata, or they are not acceptable
    :raises TooManyAttempts: this person has had metadata fetched often within the hour
    """
    wanted = connection_fields.judged(fields)
    target = Target("connection", label=wanted.get("slug", ""))
    attempt = Attempt(who, organization_id, Event.CONNECTION_CREATED, target, origin, now)
    if protocol == Connection.Protocol.OIDC:
        return _create(attempt, protocol, connection_fields.of_oidc(wanted))
    wanted = connection_fields.of_saml(wanted)
    if wanted.get("metadata_url") or wanted.get("metadata_xml"):
        _require_leave(attempt)
        wanted |= connection_sources.said(attempt, wanted, entity_id=None)
    return _create(attempt, protocol, wanted)


@enforces(controls.CONNECTIONS)
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
    :raises SSOMetadataError: what is at another ``metadata_url`` is not acceptable
    """
    wanted = connection_fields.judged(fields)
    attempt = _attempt(who, organization_id, Event.CONNECTION_UPDATED, slug, origin, now)
    if protocol == Connection.Protocol.SAML:
        wanted = connection_sources.as_metadata_say(
            attempt, wanted, kept=_to_change(attempt, protocol, slug).saml
        )
    changed = _update(attempt, protocol, slug, wanted)
    if wanted.get("enabled") is False:
        ended.switched_off(changed.pk, actor=who.actor, origin=origin, now=now)
    return _shown(changed)


@enforces(controls.CONNECTIONS)
def renew_metadata(
    who: Standing, organization_id: UUID, slug: str, *, xml: str, origin: Origin, now: datetime
) -> Connection:
    """
    Take metadata that a member pastes, or with an empty ``xml`` what is at ``metadata_url`` now.

    :raises NotFoundError: there is no such connection, or no such organization for this person
    :raises AuthorizationError: they lack ``sso:write``
    :raises ValidationError: there is no address to fetch them from
    :raises SSOMetadataError: there are none, or they are not acceptable
    """
    event, protocol = Event.CONNECTION_METADATA_CHANGED, Connection.Protocol.SAML
    attempt = _attempt(who, organization_id, event, slug, origin, now)
    kept = _to_change(attempt, protocol, slug).saml
    if not xml and not kept.metadata_url:
        told = "Send metadata, or set metadata_url first."
        raise ValidationError(fields={"metadata_xml": [told]})
    source = {"metadata_xml": xml} if xml else {"metadata_url": kept.metadata_url}
    source |= {"metadata_signer": kept.metadata_signer, "name": slug}
    said = connection_sources.said(attempt, source, entity_id=kept.entity_id)
    return _shown(_update(attempt, protocol, slug, said, is_fetched=not xml))


@after_conflicts
def _create(attempt: Attempt, protocol: str, wanted: dict[str, Any]) -> Connection:
    now = attempt.now
    with acting(attempt) as act:
        act.require(permissions.WRITE_SSO)
        chosen = _with_role(act, wanted)
        connection = connection_rows.make(attempt.organization_id, protocol, chosen, now=now)
        is_fetched = bool(wanted.get("metadata_url"))
        connection_rows.schedule(connection, now=now, fetched_at=now if is_fetched else None)
        act.record(target=target_of(connection), changes=connection_rows.as_made(connection))
    return _shown(connection)


@after_conflicts
def _update(
    attempt: Attempt, protocol: str, slug: str, wanted: dict[str, Any], *, is_fetched: bool = False
) -> Connection:
    now = attempt.now
    with acting(attempt) as act:
        connection = _within_reach(act, protocol, slug)
        if wanted.get("enabled") is False:
            _require_another(act, connection)
        changes = connection_rows.change(connection, _with_role(act, wanted), now=now)
        if changes:
            act.record(target=target_of(connection), changes=changes)
        if is_fetched or "metadata_url" in wanted:
            has_url = bool(is_fetched or wanted.get("metadata_url"))
            connection_rows.schedule(connection, now=now, fetched_at=now if has_url else None)
    return connection


@after_conflicts
def _require_leave(attempt: Attempt) -> None:
    with acting(attempt) as act:
        act.require(permissions.WRITE_SSO)


@after_conflicts
def _to_change(attempt: Attempt, protocol: str, slug: str) -> Connection:
    with acting(attempt) as act:
        return _within_reach(act, protocol, slug)


@enforces(controls.CONNECTIONS)
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
    Delete a connection; nobody comes in by it any more, and who came by it is signed out.

    :raises NotFoundError: there is no such connection, or no such organization for this person
    :raises AuthorizationError: they lack ``sso:write``
    :raises LastConnection: the organization requires single sign-on, and has no other that is on
    """
    attempt = _attempt(who, organization_id, Event.CONNECTION_DELETED, slug, origin, now)
    connection = _delete(attempt, protocol, slug)
    ended.forgotten(connection.pk, actor=who.actor, origin=origin, now=now)
    connection_rows.of(organization_id, protocol).filter(pk=connection.pk).delete()


@after_conflicts
def _delete(attempt: Attempt, protocol: str, slug: str) -> Connection:
    """
    Turn a connection off for good; what hangs on it goes in portions afterwards.

    Whoever is killed meanwhile leaves one that is off, to be deleted once more.
    """
    with acting(attempt) as act:
        connection = _within_reach(act, protocol, slug)
        _require_another(act, connection)
        act.record(target=target_of(connection))
        connection_rows.change(connection, {"enabled": False}, now=attempt.now)
    return connection


def _attempt(
    who: Standing, organization_id: UUID, event: Event, slug: str, origin: Origin, now: datetime
) -> Attempt:
    return Attempt(who, organization_id, event, Target("connection", label=slug), origin, now)


def _within_reach(act: Acting, protocol: str, slug: str) -> Connection:
    act.require(permissions.WRITE_SSO)
    return connection_rows.held(connection_rows.of(act.organization.pk, protocol), slug)


def _with_role(act: Acting, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the name of the default role into its key, if the member may give it to anybody."""
    if not wanted.get("default_role"):
        return dict(wanted)
    try:
        role = roles.named(act.organization.pk, wanted["default_role"])
    except ValidationError as refusal:
        told = refusal.details["fields"]["role"]
        raise ValidationError(fields={"default_role": told}) from refusal
    if role.is_owner:
        raise ValidationError(fields={"default_role": ["Nobody becomes an owner by signing in."]})
    act.require_all_of(role.permissions)
    return {**wanted, "default_role": role.pk}


def _require_another(act: Acting, connection: Connection) -> None:
    """Keep the last way in of an organization whose people have no other."""
    others = Connection.objects.filter(organization_id=act.organization.pk, is_enabled=True)
    is_last = connection.is_enabled and not others.exclude(pk=connection.pk).exists()
    if is_last and act.organization.sso_required_from is not None:
        raise LastConnection(reason="last connection while single sign-on is required")


def _shown(connection: Connection) -> Connection:
    return connection_rows.of(connection.organization_id, connection.protocol).get(pk=connection.pk)
