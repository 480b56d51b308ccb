"""
Giving the rows of the trail their places: the queue ``sealing`` of the worker.

Whoever records an act only inserts. Afterwards a worker takes the committed rows of a chain,
oldest first, and links each to the one before it; a row whose transaction took long is there at a
later turn and gets a later place. Each chain is worked on by whoever holds its head, and each
gets one batch a turn, so that a busy one keeps none waiting and several workers share the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from uuid import UUID

from django import db
from django.db import connection, transaction

from audit import controls
from audit.chain import SYSTEM_CHAIN, Link
from audit.models import AuditRow
from audit.models.row import AuditRows
from audit.services import alarms, checkpoints, heads, personal, places
from audit.services.drafts import DRAFT
from audit.services.personal import Told
from plinto.kernel.exceptions import ConfigurationError
from resilience.contract import enforces
from resilience.worker import Shift

BATCH = 500

# An idle worker asks this twice a second; both parts are answered by an index that is empty then.
_IS_ANYTHING_LEFT = """
    SELECT EXISTS (SELECT 1 FROM audit_row WHERE sealed_hash IS NULL)
        OR EXISTS (SELECT 1 FROM audit_chain_head WHERE sequence > signed_sequence)
"""


class SealingQueue:
    """Seals what was committed, then signs what was sealed; the rows of a chain are its work."""

    name = "sealing"

    def run_due(self, shift: Shift) -> int:
        """
        Seal one batch of each chain; return how many rows that were, 0 when none has more.

        A batch that is not full ends the turn: rows that come one by one are sealed together half
        a second later, under one signature.
        """
        if not _is_anything_left():
            return 0
        total, has_more = 0, False
        for chain in _waiting_chains():
            if shift.is_ending():
                break
            sealed = alarms.unless_stuck(chain, partial(seal, chain, now=shift.clock()))
            total, has_more = total + sealed, has_more or sealed == BATCH
        checkpoints.sign_all(shift)
        return total if has_more else 0


QUEUE = SealingQueue()


@enforces(controls.SEALING)
def seal(chain: UUID, *, now: datetime) -> int:
    """
    Seal the oldest unsealed rows of one chain, ``BATCH`` at most, and return how many.

    None are sealed while another worker holds the chain.

    :raises IntegrityError: somebody wrote places of this chain without holding it
    """
    with transaction.atomic(durable=True):
        head = heads.held(chain, now=now)
        if head is None:
            return 0
        heads.follow_rows(head)
        # Read under the lock: what another worker sealed a moment ago is not seen as unsealed.
        rows, told = _settled(_oldest(chain)[:BATCH])
        placed: dict[UUID, tuple[Link, bytes]] = {}
        for row in rows:
            link = Link(chain, head.sequence + 1, bytes(head.head_hash), row.said())
            head.sequence, head.head_hash = link.sequence, link.hash()
            placed[row.pk] = (link, head.head_hash)
        if rows:
            given = places.give(placed, personal=told, chain=chain, sealed_at=now)
            if given != len(rows):
                raise db.IntegrityError(f"rows of {chain} were sealed by somebody without its head")
            head.moved_at = now
            head.save(update_fields=["sequence", "head_hash", "moved_at"])
    return len(rows)


def _settled(rows: Iterable[AuditRow]) -> tuple[list[AuditRow], dict[UUID, Told]]:
    """
    Seal what is personal in drafts under the keys of people, with one look-up for all.

    Return the rows, and what became of drafts; a row whose draft does not open is left out.
    """
    rows, ready, settled = list(rows), [], {}
    drafted = [row for row in rows if DRAFT in row.personal]
    keys = personal.keys_of(drafted)
    for row in rows:
        if DRAFT in row.personal:
            try:
                settled[row.pk] = row.personal = personal.settled(keys, row)
            except ConfigurationError as error:
                # Sealed without it, what it tells would be lost; with it, never forgotten.
                alarms.sound("trail.draft_not_opened", about=str(row.pk), reason=error.reason)
                continue
        ready.append(row)
    return ready, settled


def _is_anything_left() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_ANYTHING_LEFT)
        (found,) = cursor.fetchone()
    return bool(found)


def _waiting_chains() -> Iterator[UUID]:
    """Find the chains with unsealed rows, each by one look into the index."""
    if _unsealed(SYSTEM_CHAIN).exists():
        yield SYSTEM_CHAIN
    rows = AuditRow.objects.filter(sealed_hash=None, organization_id__isnull=False)
    owners = rows.order_by("organization_id").values_list("organization_id", flat=True)
    owner = owners.first()
    while owner is not None:
        yield owner
        owner = owners.filter(organization_id__gt=owner).first()


def _oldest(chain: UUID) -> AuditRows:
    # By both columns of the index: where the first is NULL, PostgreSQL would sort by the second
    # alone, and an upgrade finds millions of such rows.
    return _unsealed(chain).order_by("organization_id", "id")


def _unsealed(chain: UUID) -> AuditRows:
    owner = None if chain == SYSTEM_CHAIN else chain
    return AuditRow.objects.filter(sealed_hash=None, organization_id=owner)
