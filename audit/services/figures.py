"""What a scrape tells of the trail: how far behind sealing and signing are."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, F, Min, Sum

from audit.models import AuditRow, ChainHead
from resilience import measures
from resilience.glance import Figures

# An upgrade finds millions of them, and a scrape has a second.
MOST = 100_000


def of_sealing(now: datetime) -> Figures:
    """Count rows that wait for their seal or for a signature."""
    unsealed = AuditRow.objects.filter(sealed_hash=None)[:MOST].aggregate(
        count=Count("pk"), oldest=Min("occurred_at")
    )
    lag = (now - unsealed["oldest"]).total_seconds() if unsealed["oldest"] else 0.0
    unsigned = ChainHead.objects.filter(sequence__gt=F("signed_sequence")).aggregate(
        count=Sum(F("sequence") - F("signed_sequence"))
    )
    return {
        measures.AUDIT_UNSEALED: {(): unsealed["count"]},
        measures.AUDIT_SEAL_LAG: {(): max(lag, 0.0)},
        measures.AUDIT_UNSIGNED: {(): unsigned["count"] or 0},
    }
