"""
Letting go of old rows: what is older than ``AUDIT_RETENTION_DAYS`` is removed, and that is signed.

Whole checkpoints go, oldest first. A cut names the last row and the last checkpoint that went, so
the chain is verified from there on; checkpoints stay, so proofs that were made before still hold.
Rows that are not as they were sealed do not go: they are evidence.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from audit.chain import Cut
from audit.events import Event
from audit.findings import Broken
from audit.models import AuditRow, Checkpoint, Truncation
from audit.parties import SYSTEM, Target
from audit.services import alarms, checkpoint_keys, heads, sealed
from audit.services.record import get_audit_service
from audit.verification import Keys, Walk
from plinto.kernel.exceptions import ConfigurationError
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience import trimming
from resilience.retrying import after_conflicts
from resilience.worker import Chore


def truncate_due(now: datetime) -> int:
    """Remove the rows whose time is over, in every chain; return how many went."""
    days = settings.AUDIT_RETENTION_DAYS
    if not days:
        return 0
    before = now - timedelta(days=days)
    return sum(_truncate(chain, before=before, now=now) for chain in sealed.chains())


CHORE = Chore(name="truncate the trail", every=timedelta(hours=1), run=truncate_due)


def _truncate(chain: UUID, *, before: datetime, now: datetime) -> int:
    checkpoint = _last_over(chain, before=before)
    if checkpoint is not None and _holds(chain, checkpoint):
        try:
            _cut(checkpoint, now=now)
        except ConfigurationError as error:
            alarms.sound("trail.cut_not_signed", about=str(chain), reason=error.reason)
    cut = _latest_cut(chain)
    if cut is None:
        return 0
    # A worker that was killed after signing left rows behind, so they are looked for each time.
    over: QuerySet[AuditRow] = QuerySet(AuditRow).filter(chain=chain, sequence__lte=cut.through)
    return trimming.delete(over.order_by("sequence"))


def _last_over(chain: UUID, *, before: datetime) -> Checkpoint | None:
    """The last checkpoint that was signed before then, and all of whose rows are still there."""
    cut = _latest_cut(chain)
    old = Checkpoint.objects.filter(
        chain=chain, number__gt=cut.checkpoint if cut else 0, signed_at__lt=before
    )
    return old.order_by("signed_at", "number").last()


def _holds(chain: UUID, checkpoint: Checkpoint) -> bool:
    walk = Walk(chain, Keys(sealed.keys()))
    try:
        for record in sealed.records(chain, last=checkpoint.last, signed=checkpoint.last):
            walk.take(record)
        walk.end()
    except Broken as broken:
        alarms.sound("trail.not_truncated", about=str(chain), reason=broken.finding.told)
        return False
    return True


@after_conflicts
def _cut(checkpoint: Checkpoint, *, now: datetime) -> None:
    """
    Sign that the rows up to the end of ``checkpoint`` go, unless another worker is at it.

    :raises ConfigurationError: there is no key to sign with
    """
    chain = checkpoint.chain
    with transaction.atomic():
        if heads.held(chain, now=now) is None:
            return
        latest = _latest_cut(chain)
        begin = latest.through if latest else 0
        if checkpoint.last <= begin:
            return
        kid, private = checkpoint_keys.signing()
        cut = Cut(
            chain=chain,
            through=checkpoint.last,
            through_hash=bytes(checkpoint.head_hash),
            checkpoint=checkpoint.number,
            checkpoint_digest=checkpoint.statement().digest(),
            cut_at=now,
            kid=kid,
        )
        Truncation.objects.create(
            chain=chain,
            through=cut.through,
            through_hash=cut.through_hash,
            checkpoint=cut.checkpoint,
            checkpoint_digest=cut.checkpoint_digest,
            cut_at=now,
            kid=kid,
            signature=private.sign(cut.signed()),
        )
        get_audit_service().record(
            Event.TRAIL_TRUNCATED,
            actor=SYSTEM,
            target=Target("trail", id=str(chain)),
            origin=NOWHERE,
            changes={"first_row": (begin + 1, cut.through + 1)},
            now=now,
        )


def _latest_cut(chain: UUID) -> Truncation | None:
    return Truncation.objects.filter(chain=chain).order_by("through").last()
