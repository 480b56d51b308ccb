"""
The endpoints of an organization, managed by its members and by programs with a key of it.

Programs do here whatever members do, rotating included: a new secret is worth nothing until the
receiver knows it, so whoever rotates on schedule has to be a program. Whoever lost a permission,
or whose key has ended, does nothing more, because acts read their rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.rules import permissions
from accounts.services.access import Caller, get_rbac_service
from accounts.services.organization_acts import Acting, Attempt, acting
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from webhooks import endpoint_controls as controls
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoint_removal, endpoint_rows
from webhooks.services.endpoint_rows import Issued, target_of


def listed(
    who: Caller, organization_id: UUID, *, wanted: pages.PageRequest, now: datetime
) -> pages.Page[Endpoint]:
    """
    List the endpoints of an organization, newest first.

    :raises NotFoundError: the caller is not in it, or there is none
    :raises AuthorizationError: they lack ``webhooks:read``, or a second factor
    """
    get_rbac_service().require(who, organization_id, permissions.READ_WEBHOOKS, now=now)
    return pages.cut(endpoint_rows.of(organization_id), wanted=wanted)


def found(who: Caller, organization_id: UUID, endpoint_id: UUID, *, now: datetime) -> Endpoint:
    """
    Find one of them.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:read``, or a second factor
    """
    get_rbac_service().require(who, organization_id, permissions.READ_WEBHOOKS, now=now)
    endpoint = endpoint_rows.of(organization_id).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFoundError(reason="no such endpoint")
    return endpoint


@enforces(controls.ENDPOINTS)
@after_conflicts
def create(
    who: Caller, organization_id: UUID, *, fields: Mapping[str, Any], origin: Origin, now: datetime
) -> Issued:
    """
    Make an endpoint, which is told of what happens from now on.

    :raises NotFoundError: the caller is not in the organization, or there is none
    :raises AuthorizationError: they lack ``webhooks:write``
    :raises ConflictError: there are too many endpoints
    :raises ValidationError: nothing is sent to the address, or nobody is told of an event
    """
    wanted = endpoint_rows.judged(fields, is_of_all=False)
    target = Target("endpoint", label=endpoint_rows.shown(wanted["url"]))
    with acting(Attempt(who, organization_id, Event.ENDPOINT_CREATED, target, origin, now)) as act:
        act.require(permissions.WRITE_WEBHOOKS)
        issued = endpoint_rows.make(organization_id, wanted, now=now)
        act.record(
            target=target_of(issued.endpoint), changes=endpoint_rows.as_made(issued.endpoint)
        )
        return issued


@enforces(controls.ENDPOINTS)
@after_conflicts
def update(
    who: Caller,
    organization_id: UUID,
    endpoint_id: UUID,
    *,
    fields: Mapping[str, Any],
    origin: Origin,
    now: datetime,
) -> Endpoint:
    """
    Change where an endpoint is, what it is told of, or whether it is told at all.

    ``state`` pauses it by hand, or lets it go on as ``enable`` does.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:write``
    :raises ValidationError: nothing is sent to the address, or nobody is told of an event
    """
    wanted = endpoint_rows.judged(fields, is_of_all=False)
    state = wanted.pop("state", None)
    attempt = _attempt(who, organization_id, Event.ENDPOINT_UPDATED, endpoint_id, origin, now)
    with acting(attempt) as act:
        endpoint = _within_reach(act, endpoint_id)
        changes = endpoint_rows.change(endpoint, wanted)
        if changes:
            act.record(target=target_of(endpoint), changes=changes)
        if state == Endpoint.State.PAUSED and endpoint_rows.pause(endpoint, now=now):
            paused = endpoint_rows.as_paused()
            why = Endpoint.Pause.BY_HAND.value
            act.record(
                Event.ENDPOINT_PAUSED, target=target_of(endpoint), changes=paused, reason=why
            )
        if state == Endpoint.State.ACTIVE:
            _enable(act, endpoint)
        return endpoint


@enforces(controls.ENDPOINTS)
@after_conflicts
def enable(
    who: Caller, organization_id: UUID, endpoint_id: UUID, *, origin: Origin, now: datetime
) -> Endpoint:
    """
    Let a paused endpoint go on where it stopped; one that is active stays so.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:write``
    """
    attempt = _attempt(who, organization_id, Event.ENDPOINT_ENABLED, endpoint_id, origin, now)
    with acting(attempt) as act:
        endpoint = _within_reach(act, endpoint_id)
        _enable(act, endpoint)
        return endpoint


@enforces(controls.ENDPOINTS)
@after_conflicts
def rotate_secret(
    who: Caller, organization_id: UUID, endpoint_id: UUID, *, origin: Origin, now: datetime
) -> Issued:
    """
    Give an endpoint a new secret; messages carry the signatures of both for a day.

    Of those who rotate it at the same moment one does: the others would end the secret that the
    receiver has.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:write``
    :raises EndpointChanged: somebody else rotated it meanwhile
    """
    seen = endpoint_rows.secret_seen(endpoint_id)
    event = Event.ENDPOINT_SECRET_ROTATED
    with acting(_attempt(who, organization_id, event, endpoint_id, origin, now)) as act:
        endpoint = _within_reach(act, endpoint_id)
        issued = endpoint_rows.rotate(endpoint, seen=seen, now=now)
        act.record(target=target_of(endpoint), changes=endpoint_rows.as_rotated(endpoint))
        return issued


@enforces(controls.ENDPOINTS)
@after_conflicts
def test(
    who: Caller, organization_id: UUID, endpoint_id: UUID, *, origin: Origin, now: datetime
) -> Delivery:
    """
    Send a message of the type ``webhook.test`` to an endpoint, and to no other.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:write``
    :raises EndpointPaused: nothing is sent to it
    """
    attempt = _attempt(who, organization_id, Event.ENDPOINT_TESTED, endpoint_id, origin, now)
    with acting(attempt) as act:
        endpoint = _within_reach(act, endpoint_id)
        endpoint_rows.require_active(endpoint)
        event_id = act.record(target=target_of(endpoint))
        return endpoint_rows.let_go_out(endpoint, event_id=event_id, now=now)


@enforces(controls.ENDPOINTS)
def delete(
    who: Caller, organization_id: UUID, endpoint_id: UUID, *, origin: Origin, now: datetime
) -> None:
    """
    Delete an endpoint with its deliveries; what is due is not sent any more.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:write``
    """
    attempt = _attempt(who, organization_id, Event.ENDPOINT_DELETED, endpoint_id, origin, now)
    while not _delete(attempt, endpoint_id):
        pass


@after_conflicts
def _delete(attempt: Attempt, endpoint_id: UUID) -> bool:
    """Delete a part of what was sent to an endpoint, and at last the endpoint itself."""
    with acting(attempt) as act:
        endpoint = _within_reach(act, endpoint_id)
        if not endpoint_removal.shorten(endpoint):
            return False
        act.record(target=target_of(endpoint))
        endpoint_removal.remove(endpoint)
        return True


def _attempt(
    who: Caller,
    organization_id: UUID,
    event: Event,
    endpoint_id: UUID,
    origin: Origin,
    now: datetime,
) -> Attempt:
    target = Target("endpoint", id=str(endpoint_id))
    return Attempt(who, organization_id, event, target, origin, now)


def _within_reach(act: Acting, endpoint_id: UUID) -> Endpoint:
    act.require(permissions.WRITE_WEBHOOKS)
    return endpoint_rows.held(endpoint_rows.of(act.organization.pk), endpoint_id)


def _enable(act: Acting, endpoint: Endpoint) -> None:
    if endpoint_rows.enable(endpoint):
        act.record(Event.ENDPOINT_ENABLED, target=target_of(endpoint))
