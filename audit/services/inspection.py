"""Verifying the chains where they are: in the database, while it is written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Min

from audit.file_verification import Outcome
from audit.findings import Broken, Fault, Finding, found
from audit.models import AuditRow, Truncation
from audit.services import sealed
from audit.verification import Kept, Keys, Walk

# Sealing takes seconds; whoever waits longer waits for a worker that is not there.
PATIENCE = timedelta(minutes=5)


def inspect(
    chain: UUID,
    keys: Keys,
    witnesses: Mapping[int, Kept],
    *,
    seen: Callable[[], object] = lambda: None,
) -> Outcome:
    """
    Walk a chain to its end, or to its first fault; ``seen`` is called for each row.

    What is sealed meanwhile is left for the next time. What is truncated meanwhile is no fault:
    the chain is walked again from where it begins now.
    """
    while True:
        begin = _begin(chain)
        walk = Walk(chain, keys, witnesses)
        try:
            _walk(walk, seen)
        except Broken as broken:
            if _begin(chain) != begin:
                continue
            return Outcome(walk, broken.finding)
        return Outcome(walk, None)


def unsealed(*, now: datetime) -> Finding | None:
    """Tell of rows that nobody has sealed for longer than they should wait."""
    late = AuditRow.objects.filter(sealed_hash__isnull=True, occurred_at__lt=now - PATIENCE)
    oldest = late.aggregate(at=Min("occurred_at"))["at"]
    if oldest is None:
        return None
    minutes = (now - oldest) // timedelta(minutes=1)
    return found(Fault.ROWS_UNSEALED, count=late.count(), minutes=minutes)


def _walk(walk: Walk, seen: Callable[[], object]) -> None:
    chain = walk.chain
    head = sealed.head(chain)
    # What a head that was moved back says is signed is read too, to tell it from a cut tail.
    end = {"last": max(head.sequence, head.signed_sequence)} if head else {}
    if head:
        end["signed"] = head.signed_sequence
    for record in sealed.records(chain, **end):
        walk.take(record)
        seen()
    walk.end(head)
    # Rows and checkpoints are written with the head or before it, so the head is read last.
    last, signed = sealed.ends(chain)
    head = sealed.head(chain)
    if head is None:
        if last or signed:
            raise Broken(found(Fault.HEAD_MISSING, chain=chain, last=max(last, signed)))
    elif last > head.sequence:
        raise Broken(found(Fault.HEAD_BEHIND, chain=chain, row=head.sequence + 1))
    elif signed > head.signed_sequence:
        beyond = head.signed_sequence
        told = found(
            Fault.CHECKPOINT_BEYOND_HEAD, chain=chain, row=beyond + 1, signed=beyond, last=signed
        )
        raise Broken(told)


def _begin(chain: UUID) -> int:
    latest = Truncation.objects.filter(chain=chain).order_by("through").last()
    return latest.through if latest else 0
