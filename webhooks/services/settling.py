"""Writing down how a try went: the message's next step, the try itself, and what is due to both."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from resilience import leases
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from webhooks import delivery_controls as controls
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import pausing, refused_addresses, schedule
from webhooks.services.figures import Outcome
from webhooks.services.tries import Try


@enforces(controls.DELIVERIES)
@after_conflicts
def write(delivery: Delivery, endpoint: Endpoint, made: Try, *, now: datetime) -> Outcome:
    """
    Close the message, or let it come due again, and keep the try, in one transaction.

    Whoever has lost the lease changes nothing of the message; the try was made all the same.
    """
    with transaction.atomic():
        outcome = _step(delivery, made, now=now)
        Attempt.objects.create(
            delivery_id=delivery.pk,
            started_at=made.started_at,
            milliseconds=round(made.seconds * 1000),
            status=made.status,
            error=made.error,
            headers=dict(made.headers),
            body=made.body,
        )
        if made.is_success:
            pausing.recovered(endpoint)
        else:
            pausing.failed(endpoint, made, now=now)
        if made.is_refused:
            refused_addresses.record(endpoint, reason=made.error, now=now)
    return outcome


def _step(delivery: Delivery, made: Try, *, now: datetime) -> Outcome:
    tries = delivery.tries + 1
    if made.is_success:
        leases.settle(delivery, now=now, tries=tries)
        return Outcome.DELIVERED
    error = made.error or f"answered {made.status}"
    due_at = schedule.next_try(tries=tries, now=now, wish=made.wish)
    if due_at is None:
        leases.abandon(delivery, now=now, error=error, tries=tries)
        return Outcome.ABANDONED
    leases.retry(delivery, due_at=due_at, error=error, tries=tries)
    return Outcome.FAILED
