"""
Signing what was sealed: a checkpoint over each batch of rows, linked to the one before it.

Without a key that can be used, sealing goes on and signing waits; nothing that was sealed is ever
left unsigned.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django import db
from django.db import transaction
from django.db.models import F

from audit import chain as chains
from audit import controls
from audit.chain import Statement
from audit.models import AuditRow, ChainHead, Checkpoint, Truncation
from audit.services import alarms, checkpoint_keys, heads, publishing
from plinto.kernel.exceptions import ConfigurationError
from resilience.contract import enforces
from resilience.leases import State
from resilience.worker import Shift

# One checkpoint covers so many rows at most: a proof reads the hashes of all of them.
MOST_ROWS = 500


def sign_all(shift: Shift) -> int:
    """Sign what is sealed and unsigned, in every chain; return how many checkpoints were made."""
    unsigned = ChainHead.objects.filter(sequence__gt=F("signed_sequence")).order_by("chain")
    waiting = list(unsigned.values_list("chain", flat=True))
    made = 0
    try:
        if waiting:
            checkpoint_keys.make_first(now=shift.clock())
        for chain in waiting:
            has_more = True
            while has_more and not shift.is_ending():
                work = partial(_signed, chain, now=shift.clock())
                signed = alarms.unless_stuck(chain, work)
                made, has_more = made + bool(signed), signed == MOST_ROWS
    except ConfigurationError as error:
        alarms.sound("checkpoints.key_unusable", reason=error.reason)
    return made


@enforces(controls.SEALING)
def sign(chain: UUID, *, now: datetime) -> Checkpoint | None:
    """
    Sign the oldest rows of a chain that are sealed and unsigned, ``MOST_ROWS`` at most.

    None when there are none, or another worker holds the chain.

    :raises ConfigurationError: the key cannot be used
    :raises IntegrityError: rows that were sealed are missing
    """
    with transaction.atomic(durable=True):
        head = heads.held(chain, now=now)
        if head is None or head.sequence <= head.signed_sequence:
            return None
        number, last, digest = _before(chain)
        if last != head.signed_sequence:
            alarms.sound("trail.checkpoint_missing", about=str(chain), head=head.signed_sequence)
        first, hashes = _next_rows(chain, after=max(last, head.signed_sequence))
        checkpoint = _made(
            chain, number=number + 1, first=first, hashes=hashes, previous=digest, now=now
        )
        head.signed_sequence = checkpoint.last
        head.save(update_fields=["signed_sequence"])
    return checkpoint


def hashes_of(checkpoint: Checkpoint) -> list[bytes]:
    """Return the hashes of the rows under a checkpoint, in order, as far as they are there."""
    rows = AuditRow.objects.filter(
        chain=checkpoint.chain, sequence__range=(checkpoint.first, checkpoint.last)
    )
    found = rows.order_by("sequence").values_list("sealed_hash", flat=True)
    return [bytes(each) for each in found if each is not None]


def _signed(chain: UUID, *, now: datetime) -> int:
    """Return how many rows were signed."""
    checkpoint = sign(chain, now=now)
    return checkpoint.last - checkpoint.first + 1 if checkpoint else 0


def _before(chain: UUID) -> tuple[int, int, bytes]:
    """Return number, last row and digest of the checkpoint that the next one names."""
    previous = Checkpoint.objects.filter(chain=chain).order_by("-number").first()
    if previous is not None:
        return previous.number, previous.last, previous.statement().digest()
    cut = Truncation.objects.filter(chain=chain).order_by("-through").first()
    if cut is not None:
        return cut.checkpoint, cut.through, bytes(cut.checkpoint_digest)
    return 0, 0, chains.NOTHING


def _next_rows(chain: UUID, *, after: int) -> tuple[int, list[bytes]]:
    """
    Return the place of the first row after ``after``, and the hashes of those that follow closely.

    Where rows are missing the next checkpoint begins behind them, so that the gap stays to be seen.

    :raises IntegrityError: there is none, though the head says so
    """
    rows = AuditRow.objects.filter(chain=chain, sequence__gt=after).order_by("sequence")
    found = list(rows.values_list("sequence", "sealed_hash")[:MOST_ROWS])
    if not found:
        raise db.IntegrityError(f"there are no rows of {chain} after {after}")
    first = found[0][0] or 0
    return first, [
        bytes(sealed or b"") for place, (at, sealed) in enumerate(found, first) if at == place
    ]


def _made(
    chain: UUID, *, number: int, first: int, hashes: list[bytes], previous: bytes, now: datetime
) -> Checkpoint:
    kid, private = checkpoint_keys.signing()
    statement = Statement(
        chain=chain,
        number=number,
        first=first,
        last=first + len(hashes) - 1,
        head_hash=hashes[-1],
        merkle_root=chains.root(hashes),
        previous=previous,
        signed_at=now,
        kid=kid,
    )
    return Checkpoint.objects.create(
        chain=chain,
        number=number,
        first=first,
        last=statement.last,
        head_hash=statement.head_hash,
        merkle_root=statement.merkle_root,
        previous=previous,
        signed_at=now,
        kid=kid,
        signature=private.sign(statement.signed()),
        due_at=now,
        # Where nobody wants copies, the work on it is done.
        state=State.DUE if publishing.is_wanted() else State.SETTLED,
        settled_at=None if publishing.is_wanted() else now,
    )
