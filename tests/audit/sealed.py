"""A trail for tests: rows of organizations, sealed and signed as the worker does it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audit import chain as chains
from audit import signatures
from audit.chain import Link
from audit.models import AuditRow, Checkpoint
from audit.services import checkpoint_keys
from audit.services.sealing import QUEUE
from resilience.worker import Shift, run_until_idle
from tests.audit.rows import NOON, a_row


def written(organization_id: UUID | None = None, *, count: int = 1, **columns: Any) -> list[UUID]:
    """Insert rows, unsealed, and return their ids in order."""
    rows = [a_row(organization_id=organization_id, **columns) for _ in range(count)]
    for row in rows:
        row.save()
    return [row.pk for row in rows]


def seal_all() -> int:
    """Work as the worker does until nothing is left."""
    return run_until_idle([QUEUE], shift=Shift(clock=lambda: NOON))


def chain_of(chain: UUID) -> list[AuditRow]:
    """The rows of a chain in order."""
    return list(AuditRow.objects.filter(chain=chain).order_by("sequence"))


def assert_whole(chain: UUID) -> list[AuditRow]:
    """Walk a chain as an auditor does, by nothing but rows, checkpoints and public keys."""
    rows, keys = chain_of(chain), checkpoint_keys.published()
    before, hashes = chains.NOTHING, []
    for sequence, row in enumerate(rows, start=1):
        link = Link(chain, sequence, before, row.said())
        assert (row.sequence, bytes(row.previous_hash)) == (sequence, before)
        assert bytes(row.sealed_hash) == link.hash()
        before = link.hash()
        hashes.append(before)
    signed, digest = 0, chains.NOTHING
    for number, each in enumerate(Checkpoint.objects.filter(chain=chain).order_by("number"), 1):
        statement = signatures.verified(each.told(), keys)
        assert (statement.number, statement.first, statement.previous) == (
            number,
            signed + 1,
            digest,
        )
        assert statement.merkle_root == chains.root(hashes[signed : statement.last])
        assert statement.head_hash == hashes[statement.last - 1]
        signed, digest = statement.last, statement.digest()
    assert signed == len(rows)
    return rows
