"""Deleting messages whose outcome nobody asks about any more, with their tries."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from resilience import trimming
from resilience.leases import State
from resilience.worker import Chore
from webhooks.models import Delivery

KEEP_DELIVERED = timedelta(days=30)
KEEP_ABANDONED = timedelta(days=90)


def trim(now: datetime) -> int:
    """Delete a portion at a time; return how many messages went."""
    outdated = Q(state=State.SETTLED, settled_at__lt=now - KEEP_DELIVERED) | Q(
        state=State.ABANDONED, settled_at__lt=now - KEEP_ABANDONED
    )
    return trimming.delete(Delivery.objects.filter(outdated))


TRIMMING = Chore(name="trim webhooks", every=timedelta(hours=1), run=trim)
