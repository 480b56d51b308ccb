"""What waits to be sent, without what waits for its receiver."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min, OuterRef, Q, Subquery

from resilience.backlogs import ABANDONED_WITHIN, COUNTED_TO, Backlog
from resilience.leases import State
from webhooks.models import Delivery, Endpoint


def of_messages(name: str, *, now: datetime) -> Backlog:
    """
    Count what a worker could send at this moment.

    Messages to receivers that are paused, or fail, are late whatever the workers do: they would
    hide whether anything waits that need not. The oldest of each other receiver is found by one
    look into the index of what is due to it.
    """
    well = Endpoint.objects.filter(state=Endpoint.State.ACTIVE, failing_since=None)
    due = Delivery.objects.filter(state=State.DUE, due_at__lte=now).order_by()
    first = due.filter(endpoint=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
    abandoned = Q(state=State.ABANDONED, settled_at__gte=now - ABANDONED_WITHIN)
    return Backlog(
        queue=name,
        due=due.filter(endpoint__in=well)[:COUNTED_TO].count(),
        oldest=well.order_by().aggregate(oldest=Min(Subquery(first)))["oldest"],
        abandoned=Delivery.objects.filter(abandoned).order_by()[:COUNTED_TO].count(),
    )
