"""The row of the trail about a receiver that leads inside: an attack, or a mistake to be mended."""

from __future__ import annotations

from datetime import datetime, timedelta

from audit.events import Event
from audit.models import AuditRow
from audit.parties import SYSTEM, Outcome, Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from webhooks.models import Endpoint

_EVERY = timedelta(days=1)


def record(endpoint: Endpoint, *, reason: str, now: datetime) -> None:
    """Record that nothing was sent, in the caller's transaction, once a day for each endpoint."""
    held = Endpoint.objects.select_for_update(no_key=True).filter(pk=endpoint.pk).first()
    known = AuditRow.objects.filter(
        target_id=str(endpoint.pk),
        action=Event.ENDPOINT_ADDRESS_REFUSED,
        occurred_at__gt=now - _EVERY,
    )
    if held is None or known.exists():
        return
    get_audit_service().record(
        Event.ENDPOINT_ADDRESS_REFUSED,
        actor=SYSTEM,
        target=Target("endpoint", id=str(endpoint.pk)),
        origin=NOWHERE,
        outcome=Outcome.REFUSED,
        reason=reason,
        organization_id=endpoint.organization_id,
        now=now,
    )
