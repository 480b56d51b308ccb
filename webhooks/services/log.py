"""What was sent to an endpoint, how it went, and sending it once more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.rules import permissions
from accounts.services.access import Caller
from accounts.services.organization_acts import Acting, Attempt, acting
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from plinto.kernel.plans import unseen
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from webhooks import endpoint_controls as controls
from webhooks import models
from webhooks.errors import DeliveryUnderWay
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoint_rows, endpoints, redelivery
from webhooks.services.endpoint_rows import Changes, target_of
from webhooks.services.redelivery import MOST_PORTIONS, PORTION, Redelivered

LATEST = 3  # tries that are shown of a delivery


def listed(
    who: Caller,
    organization_id: UUID,
    endpoint_id: UUID,
    *,
    wanted: pages.PageRequest,
    state: str | None,
    type: str | None,
    now: datetime,
) -> pages.Page[Delivery]:
    """
    List what was sent to an endpoint or is to be, newest first, with the latest tries.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:read``, or a second factor
    """
    endpoint = endpoints.found(who, organization_id, endpoint_id, now=now)
    rows = unseen(Delivery.objects.all(), endpoint_id=endpoint.pk)
    if state:
        rows = rows.filter(state=state)
    if type:
        rows = rows.filter(type=type)
    return pages.cut(with_tries(rows), wanted=wanted)


@enforces(controls.ENDPOINTS)
@after_conflicts
def redeliver(
    who: Caller,
    organization_id: UUID,
    endpoint_id: UUID,
    delivery_id: UUID,
    *,
    origin: Origin,
    now: datetime,
) -> Delivery:
    """
    Send a delivery once more, whether it arrived or was given up.

    :raises NotFoundError: there is no such delivery, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:write``
    :raises EndpointPaused: nothing is sent to the endpoint
    :raises DeliveryUnderWay: it will be sent anyhow
    """
    with acting(_attempt(who, organization_id, endpoint_id, origin, now)) as act:
        endpoint = _within_reach(act, endpoint_id)
        mine = Delivery.objects.filter(endpoint=endpoint, pk=delivery_id)
        if not mine.exists():
            raise NotFoundError(reason="no such delivery")
        if not redelivery.again(mine, now=now):
            raise DeliveryUnderWay(reason="due already")
        act.record(target=target_of(endpoint), changes=one(delivery_id))
        return with_tries(mine).get()


@enforces(controls.ENDPOINTS)
def redeliver_failed(
    who: Caller,
    organization_id: UUID,
    endpoint_id: UUID,
    *,
    since: datetime,
    origin: Origin,
    now: datetime,
) -> Redelivered:
    """
    Send once more what was given up, of what there was to tell since a moment.

    A bounded number at a time: whoever is told that there are more asks again.

    :raises NotFoundError: there is no such endpoint, or no such organization for this caller
    :raises AuthorizationError: they lack ``webhooks:write``
    :raises EndpointPaused: nothing is sent to the endpoint
    """
    attempt = _attempt(who, organization_id, endpoint_id, origin, now)
    total = 0
    for _ in range(MOST_PORTIONS):
        sent = _redeliver_some(attempt, endpoint_id, since=since)
        total += sent
        if sent < PORTION:
            return Redelivered(total, has_more=False)
    return Redelivered(total, has_more=True)


def with_tries(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Bring the latest tries of each along as ``latest``, in one statement for all."""
    newest = models.Attempt.objects.order_by("-pk")[:LATEST]
    return rows.prefetch_related(Prefetch("log", queryset=newest, to_attr="latest"))


def one(delivery_id: UUID) -> Changes:
    """What the trail tells of one delivery that is sent once more."""
    return {"delivery": (None, str(delivery_id))}


def many(count: int, *, since: datetime) -> Changes:
    """What the trail tells of several."""
    return {"deliveries": (None, count), "since": (None, since.isoformat())}


@after_conflicts
def _redeliver_some(attempt: Attempt, endpoint_id: UUID, *, since: datetime) -> int:
    with acting(attempt) as act:
        endpoint = _within_reach(act, endpoint_id)
        count = redelivery.some_that_failed(endpoint, since=since, now=attempt.now)
        if count:
            act.record(target=target_of(endpoint), changes=many(count, since=since))
        return count


def _attempt(
    who: Caller, organization_id: UUID, endpoint_id: UUID, origin: Origin, now: datetime
) -> Attempt:
    target = Target("endpoint", id=str(endpoint_id))
    return Attempt(who, organization_id, Event.ENDPOINT_REDELIVERED, target, origin, now)


def _within_reach(act: Acting, endpoint_id: UUID) -> Endpoint:
    act.require(permissions.WRITE_WEBHOOKS)
    endpoint = endpoint_rows.held(endpoint_rows.of(act.organization.pk), endpoint_id)
    endpoint_rows.require_active(endpoint)
    return endpoint
