"""
Endpoints in the hands of operators.

Those of the deployment are told of everything, so superusers alone make, change, rotate and delete
them. Of an organization's own ones staff who may pause them and let them go on, and send again
what was given up; where they lead and what they are told is for the organization to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.services import administration
from accounts.services.staff import actor_of
from audit.events import Event
from audit.services.record import Changes, get_audit_service
from plinto.kernel.exceptions import AuthorizationError, NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from webhooks import endpoint_controls as controls
from webhooks.errors import DeliveryUnderWay
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoint_removal, endpoint_rows, log, redelivery
from webhooks.services.endpoint_rows import Issued, target_of
from webhooks.services.redelivery import MOST_PORTIONS, PORTION, Redelivered

PERMISSION = "webhooks.change_endpoint"


@enforces(controls.ENDPOINTS)
def create(fields: Mapping[str, Any], *, by: User, origin: Origin, now: datetime) -> Issued:
    """
    Make an endpoint of the deployment, in the caller's transaction or one of its own.

    :raises AuthorizationError: only superusers may
    :raises ConflictError: there are too many
    :raises ValidationError: nothing is sent to the address, or nobody is told of an event
    """
    wanted = endpoint_rows.judged(fields, is_of_all=True)
    with transaction.atomic():
        _require_superuser(by)
        issued = endpoint_rows.make(None, wanted, now=now)
        changes = endpoint_rows.as_made(issued.endpoint)
        _record(
            Event.ENDPOINT_CREATED, issued.endpoint, by=by, origin=origin, now=now, changes=changes
        )
    return issued


@enforces(controls.ENDPOINTS)
def change(
    endpoint_id: UUID, *, fields: Mapping[str, Any], by: User, origin: Origin, now: datetime
) -> None:
    """
    Change an endpoint of the deployment, in the caller's transaction or one of its own.

    :raises AuthorizationError: only superusers may
    :raises NotFoundError: there is none, or it is an organization's
    :raises ValidationError: nothing is sent to the address, or nobody is told of an event
    """
    wanted = endpoint_rows.judged(fields, is_of_all=True)
    with transaction.atomic():
        endpoint = _own(endpoint_id, by=by)
        changes = endpoint_rows.change(endpoint, wanted)
        if changes:
            _record(
                Event.ENDPOINT_UPDATED, endpoint, by=by, origin=origin, now=now, changes=changes
            )


@enforces(controls.ENDPOINTS)
@after_conflicts
def rotate(endpoint_id: UUID, *, seen: str, by: User, origin: Origin, now: datetime) -> Issued:
    """
    Give an endpoint of the deployment a new secret; ``seen`` names the one it had before.

    :raises AuthorizationError: only superusers may
    :raises NotFoundError: there is none, or it is an organization's
    :raises EndpointChanged: it has another secret by now
    """
    with transaction.atomic():
        endpoint = _own(endpoint_id, by=by)
        issued = endpoint_rows.rotate(endpoint, seen=seen, now=now)
        event, changes = Event.ENDPOINT_SECRET_ROTATED, endpoint_rows.as_rotated(endpoint)
        _record(event, endpoint, by=by, origin=origin, now=now, changes=changes)
    return issued


@enforces(controls.ENDPOINTS)
def delete(endpoint_id: UUID, *, by: User, origin: Origin, now: datetime) -> None:
    """
    Delete an endpoint of the deployment with what was sent to it.

    :raises AuthorizationError: only superusers may
    :raises NotFoundError: there is none, or it is an organization's
    """
    is_gone = False
    while not is_gone:
        with transaction.atomic():
            endpoint = _own(endpoint_id, by=by)
            is_gone = endpoint_removal.shorten(endpoint)
            if is_gone:
                _record(Event.ENDPOINT_DELETED, endpoint, by=by, origin=origin, now=now)
                endpoint_removal.remove(endpoint)


@enforces(controls.ENDPOINTS)
@after_conflicts
def pause(endpoint_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Send nothing more to an endpoint, whosever it is; false if it is paused already.

    :raises AuthorizationError: they may not
    """
    with transaction.atomic():
        endpoint = _any(endpoint_id, by=by)
        is_new = endpoint_rows.pause(endpoint, now=now)
        if is_new:
            why, changes = Endpoint.Pause.BY_HAND.value, endpoint_rows.as_paused()
            event = Event.ENDPOINT_PAUSED
            _record(event, endpoint, by=by, origin=origin, now=now, changes=changes, reason=why)
    return is_new


@enforces(controls.ENDPOINTS)
@after_conflicts
def enable(endpoint_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Let a paused endpoint go on, whosever it is; false if it goes on already.

    :raises AuthorizationError: they may not
    """
    with transaction.atomic():
        endpoint = _any(endpoint_id, by=by)
        is_new = endpoint_rows.enable(endpoint)
        if is_new:
            _record(Event.ENDPOINT_ENABLED, endpoint, by=by, origin=origin, now=now)
    return is_new


@enforces(controls.ENDPOINTS)
@after_conflicts
def redeliver(delivery_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Send a delivery once more, whosever the endpoint is.

    :raises AuthorizationError: they may not
    :raises EndpointPaused: nothing is sent to the endpoint
    :raises DeliveryUnderWay: it will be sent anyhow
    """
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=delivery_id)
        found = mine.values_list("endpoint", flat=True).first()
        if found is None:
            raise NotFoundError(reason="no such delivery")
        endpoint = _active(found, by=by)
        if not redelivery.again(mine, now=now):
            raise DeliveryUnderWay(reason="due already")
        event, changes = Event.ENDPOINT_REDELIVERED, log.one(delivery_id)
        _record(event, endpoint, by=by, origin=origin, now=now, changes=changes)
    return True


@enforces(controls.ENDPOINTS)
def redeliver_failed(
    endpoint_id: UUID, *, since: datetime, by: User, origin: Origin, now: datetime
) -> Redelivered:
    """
    Send once more what was given up, of what there was to tell an endpoint since a moment.

    :raises AuthorizationError: they may not
    :raises EndpointPaused: nothing is sent to the endpoint
    """
    total = 0
    for _ in range(MOST_PORTIONS):
        sent = _redeliver_some(endpoint_id, since=since, by=by, origin=origin, now=now)
        total += sent
        if sent < PORTION:
            return Redelivered(total, has_more=False)
    return Redelivered(total, has_more=True)


@after_conflicts
def _redeliver_some(
    endpoint_id: UUID, *, since: datetime, by: User, origin: Origin, now: datetime
) -> int:
    with transaction.atomic():
        endpoint = _active(endpoint_id, by=by)
        count = redelivery.some_that_failed(endpoint, since=since, now=now)
        if count:
            event, changes = Event.ENDPOINT_REDELIVERED, log.many(count, since=since)
            _record(event, endpoint, by=by, origin=origin, now=now, changes=changes)
    return count


def _own(endpoint_id: UUID, *, by: User) -> Endpoint:
    _require_superuser(by)
    return endpoint_rows.held(endpoint_rows.of(None), endpoint_id)


def _any(endpoint_id: UUID, *, by: User) -> Endpoint:
    _, asking = administration.hold(by.pk, by=by)
    if not asking.has_perm(PERMISSION):
        raise AuthorizationError(reason=f"lacks {PERMISSION}")
    return endpoint_rows.held(Endpoint.objects.all(), endpoint_id)


def _active(endpoint_id: UUID, *, by: User) -> Endpoint:
    endpoint = _any(endpoint_id, by=by)
    endpoint_rows.require_active(endpoint)
    return endpoint


def _require_superuser(by: User) -> None:
    _, asking = administration.hold(by.pk, by=by)
    if not asking.is_superuser:
        raise AuthorizationError("Only a superuser may do this.", reason="not a superuser")


def _record(
    event: Event,
    endpoint: Endpoint,
    *,
    by: User,
    origin: Origin,
    now: datetime,
    changes: Changes | None = None,
    reason: str = "",
) -> None:
    get_audit_service().record(
        event,
        actor=actor_of(by),
        target=target_of(endpoint),
        origin=origin,
        organization_id=endpoint.organization_id,
        changes=changes,
        reason=reason,
        now=now,
    )
