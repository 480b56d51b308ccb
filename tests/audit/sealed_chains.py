"""Chains as records, sealed and signed by the mathematics alone: no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import chain as chains
from audit.chain import NOTHING, Cut, Link, Statement
from audit.records import PublicKey, Record, SealedRow, SignedCheckpoint, SignedCut
from tests.audit.rows import NOON, a_row

CHAIN = UUID("0193e4a1-0000-7000-8000-000000000001")


class Signer:
    """A key that signs checkpoints, under a name."""

    def __init__(self, kid: str = "kid-1") -> None:
        self.kid = kid
        self._private = Ed25519PrivateKey.generate()

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.kid, self._private.public_key().public_bytes_raw())

    def checkpoint(self, statement: Statement) -> SignedCheckpoint:
        return SignedCheckpoint(statement, self._private.sign(statement.signed()))

    def cut(self, cut: Cut) -> SignedCut:
        return SignedCut(cut, self._private.sign(cut.signed()))


def rows(count: int, *, changed: Iterable[int] = ()) -> list[SealedRow]:
    """Rows that hang together; those at the places ``changed`` say something else."""
    sealed: list[SealedRow] = []
    for place in range(1, count + 1):
        row = a_row(id=UUID(int=place), reason="changed" if place in changed else "")
        before = sealed[-1].sealed_hash if sealed else NOTHING
        link = Link(CHAIN, place, before, row.said())
        sealed.append(SealedRow(link, link.hash()))
    return sealed


def signed(
    of: list[SealedRow], signer: Signer, *, batch: int = 4, begin: datetime = NOON
) -> list[Record]:
    """Rows with a checkpoint before each whole batch; the rest is not signed yet."""
    return list(_signed(of, signer, batch, begin))


def _signed(of: list[SealedRow], signer: Signer, batch: int, begin: datetime) -> Iterator[Record]:
    previous = NOTHING
    for number, start in enumerate(range(0, len(of), batch), start=1):
        covered = of[start : start + batch]
        if len(covered) == batch:
            statement = Statement(
                chain=CHAIN,
                number=number,
                first=covered[0].link.sequence,
                last=covered[-1].link.sequence,
                head_hash=covered[-1].sealed_hash,
                merkle_root=chains.root([row.sealed_hash for row in covered]),
                previous=previous,
                signed_at=begin + timedelta(minutes=number),
                kid=signer.kid,
            )
            previous = statement.digest()
            yield signer.checkpoint(statement)
        yield from covered


def cut_after(records: list[Record], number: int, signer: Signer) -> list[Record]:
    """The same chain after its rows under the checkpoint ``number`` were removed, signed."""
    last = next(
        record.statement
        for record in records
        if isinstance(record, SignedCheckpoint) and record.statement.number == number
    )
    cut = Cut(CHAIN, last.last, last.head_hash, number, last.digest(), NOON, signer.kid)
    left = [
        record
        for record in records
        if not (isinstance(record, SealedRow) and record.link.sequence <= last.last)
    ]
    return [signer.cut(cut), *left]
