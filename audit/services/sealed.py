"""What is sealed and signed of a chain, read from the database a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import chain as joined
from itertools import groupby
from uuid import UUID

from django.db.models import Max, Model

from audit.chain import Cut, Link
from audit.models import AuditRow, ChainHead, Checkpoint, CheckpointKey, Truncation
from audit.records import KEY_BYTES, PublicKey, SealedRow, SignedCheckpoint, SignedCut
from audit.verification import Head

# One statement for a whole chain would outlast the statement timeout, and hold its snapshot.
_PAGE = 500
EVERYTHING = (1 << 63) - 1


def chains() -> Iterator[UUID]:
    """Every chain that anything is left of, in order, found from the indexes without the rows."""
    models = (ChainHead, Checkpoint, Truncation, AuditRow)
    for chain, _ in groupby(merge(*map(_chains_of, models))):
        yield chain


def _chains_of(model: type[Model]) -> Iterator[UUID]:
    # PostgreSQL would read the whole index to tell which values are in it.
    known = model._default_manager.filter(chain__isnull=False).order_by("chain")
    chain = known.values_list("chain", flat=True).first()
    while chain is not None:
        yield chain
        chain = known.filter(chain__gt=chain).values_list("chain", flat=True).first()


def head(chain: UUID) -> Head | None:
    row = ChainHead.objects.filter(chain=chain).first()
    return Head(row.sequence, bytes(row.head_hash), row.signed_sequence) if row else None


def ends(chain: UUID) -> tuple[int, int]:
    """Return the number of the last row of a chain, and of the last row that is signed."""
    last = AuditRow.objects.filter(chain=chain).aggregate(last=Max("sequence"))["last"]
    signed = Checkpoint.objects.filter(chain=chain).aggregate(last=Max("last"))["last"]
    return last or 0, signed or 0


def keys() -> list[PublicKey]:
    """The public keys as the database has them, those that are retired too."""
    kept = CheckpointKey.objects.values_list("kid", "public")
    # One that somebody cut short is as good as gone.
    return [PublicKey(kid, bytes(key)) for kid, key in kept if len(key) == KEY_BYTES]


def cuts(chain: UUID) -> Iterator[SignedCut]:
    for row in Truncation.objects.filter(chain=chain).order_by("through"):
        yield signed_cut(row)


def checkpoints(chain: UUID, *, signed: int = EVERYTHING) -> Iterator[SignedCheckpoint]:
    """Read the checkpoints over rows up to ``signed``, in their order."""
    number = 0
    while True:
        later = Checkpoint.objects.filter(chain=chain, number__gt=number, last__lte=signed)
        page = list(later.order_by("number")[:_PAGE])
        for row in page:
            yield signed_checkpoint(row)
            number = row.number
        if len(page) < _PAGE:
            return


def rows(chain: UUID, *, after: int = 0, last: int = EVERYTHING) -> Iterator[SealedRow]:
    """Read the rows beyond ``after`` and up to ``last``, in their order."""
    while True:
        later = AuditRow.objects.filter(chain=chain, sequence__gt=after, sequence__lte=last)
        page = list(later.order_by("sequence")[:_PAGE])
        for row in page:
            yield sealed_row(row)
            after = row.sequence or after
        if len(page) < _PAGE:
            return


def records(
    chain: UUID, *, last: int = EVERYTHING, signed: int = EVERYTHING
) -> Iterator[SignedCut | SignedCheckpoint | SealedRow]:
    """
    Read a chain in the order in which it is written and verified: see ``audit.records``.

    Rows that are on their way out, because a truncation ends them, are left out.
    """
    ended = list(cuts(chain))
    yield from ended
    begin = ended[-1].cut.through if ended else 0
    waiting = checkpoints(chain, signed=signed)
    batch = next(waiting, None)
    for row in rows(chain, after=begin, last=last):
        while batch is not None and batch.statement.first <= row.link.sequence:
            yield batch
            batch = next(waiting, None)
        yield row
    if batch is not None:
        yield from joined([batch], waiting)


def sealed_row(row: AuditRow) -> SealedRow:
    """
    Read a row of the table as a record.

    :raises ValueError: it is not sealed
    """
    if row.chain is None or row.sequence is None:
        raise ValueError("The row is not sealed.")
    link = Link(row.chain, row.sequence, bytes(row.previous_hash or b""), row.said())
    return SealedRow(link, bytes(row.sealed_hash or b""))


def signed_checkpoint(row: Checkpoint) -> SignedCheckpoint:
    return SignedCheckpoint(row.statement(), bytes(row.signature))


def signed_cut(row: Truncation) -> SignedCut:
    cut = Cut(
        chain=row.chain,
        through=row.through,
        through_hash=bytes(row.through_hash),
        checkpoint=row.checkpoint,
        checkpoint_digest=bytes(row.checkpoint_digest),
        cut_at=row.cut_at,
        kid=row.kid,
    )
    return SignedCut(cut, bytes(row.signature))
