"""The end of each chain, held by whoever adds to it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from audit import chain as chains
from audit.models import AuditRow, ChainHead
from audit.services import alarms


def held(chain: UUID, *, now: datetime) -> ChainHead | None:
    """Hold the end of a chain for the caller's transaction; None while another worker holds it."""
    free = ChainHead.objects.select_for_update(skip_locked=True).filter(pk=chain)
    head = free.first()
    if head is None and not ChainHead.objects.filter(pk=chain).exists():
        first = ChainHead(chain=chain, head_hash=chains.NOTHING, moved_at=now)
        ChainHead.objects.bulk_create([first], ignore_conflicts=True)
        head = free.first()
    return head


def follow_rows(head: ChainHead) -> None:
    """
    Go on from the last row, should the head say otherwise: it was put back, or deleted.

    A head ahead of the rows stays, whether their time was over or somebody removed them: the
    numbers of rows that are gone are not given to others.
    """
    placed = AuditRow.objects.filter(chain=head.chain).order_by("-sequence")
    last = placed.values_list("sequence", "sealed_hash").first()
    if last is None or last[0] is None or last[0] < head.sequence:
        return
    sequence, sealed_hash = last[0], bytes(last[1] or b"")
    if (sequence, sealed_hash) != (head.sequence, bytes(head.head_hash)):
        alarms.sound(
            "trail.head_disagrees", about=str(head.chain), head=head.sequence, rows=sequence
        )
        head.sequence, head.head_hash = sequence, sealed_hash
