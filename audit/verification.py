"""
Walking a chain from its beginning, and naming the first thing that is not as it was sealed.

A walk is fed the records of one chain in the order of ``audit.records`` and holds a few hashes,
however long the chain is. It trusts the public keys it is given and the checkpoints kept
elsewhere, and nothing else: neither rows nor checkpoints nor the head vouch for themselves. It
stops at the first fault, because after a broken link nothing further says anything.

Nothing here knows Django or a database: a table and a file are verified by the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.chain import NOTHING, Cut, Link, Statement, Tree, is_included, moment
from audit.findings import Broken, Fault, found
from audit.records import PublicKey, SealedRow, Selection, SignedCheckpoint, SignedCut

# How far from its place a moved row is looked for, to tell moving from changing.
_REACH = 64


@dataclass(frozen=True, slots=True)
class Head:
    """Where the head of a chain says that the chain ends, and how much of it is signed."""

    sequence: int
    head_hash: bytes
    signed_sequence: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a checkpoint that was kept elsewhere."""

    digest: bytes
    first: int
    signed_at: datetime


class Keys:
    """The public keys that are trusted, ready to verify."""

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = {key.kid: Ed25519PublicKey.from_public_bytes(key.octets) for key in keys}

    def __contains__(self, kid: str) -> bool:
        return kid in self._keys

    def have_signed(self, statement: Statement | Cut, signature: bytes) -> bool:
        """Say whether the key that the statement names made the signature (RFC 8032)."""
        try:
            self._keys[statement.kid].verify(signature, statement.signed())
        except InvalidSignature:
            return False
        return True


@dataclass(slots=True)
class Walk:
    """
    One chain on its way through verification.

    ``witnesses`` are the checkpoints kept elsewhere, by their numbers. The rest counts what held:
    ``last`` is the place of the last row, ``signed`` the last row that a checkpoint vouches for,
    ``unproved`` how many rows of a selection no checkpoint covers yet.
    """

    chain: UUID
    keys: Keys
    witnesses: Mapping[int, Kept] = field(default_factory=dict)
    rows: int = 0
    checkpoints: int = 0
    last: int = 0
    signed: int = 0
    unproved: int = 0
    cut: Cut | None = None
    is_selection: bool = False
    _last_hash: bytes = NOTHING
    _statement: Statement | None = None  # the last one seen
    _tree: Tree = field(default_factory=Tree)

    def take(self, record: SealedRow | SignedCheckpoint | SignedCut | Selection) -> None:
        """
        Go on by one record.

        :raises Broken: it is not as it was sealed, or something before it is missing
        """
        match record:
            case SealedRow():
                self._row(record)
            case SignedCheckpoint():
                self._checkpoint(record)
            case SignedCut():
                self._shorten(record)
            case Selection():
                if self.last or self._statement:
                    self._stop(Fault.SELECTION_OUT_OF_ORDER)
                self.is_selection = True

    def end(self, head: Head | None = None) -> None:
        """
        Compare the end with what the last checkpoint, those kept elsewhere and the head say.

        :raises Broken: one of them knows of more, or of something else
        """
        if not self.is_selection:
            self._expect_whole_batch()
            self._expect_all_that_was_kept()
        if head is not None:
            self._expect(head)

    def _row(self, row: SealedRow) -> None:
        link = row.link
        if self.cut and link.sequence <= self.cut.through:
            return  # on its way out: its time is over
        if link.sequence <= self.last:
            self._stop(Fault.ROW_OUT_OF_ORDER, link.sequence, link, last=self.last)
        if not self.is_selection and link.sequence > self.last + 1:
            self._stop(Fault.ROW_MISSING, self.last + 1, next=link.sequence)
        if _hash(link) != row.sealed_hash:
            self._stop_at_changed(row)
        if self.is_selection:
            self._prove(row)
        else:
            self._hang_on(row)
        self.last, self._last_hash = link.sequence, row.sealed_hash
        self.rows += 1

    def _hang_on(self, row: SealedRow) -> None:
        link, statement = row.link, self._statement
        if link.previous_hash != self._last_hash:
            if self.last == (self.cut.through if self.cut else 0):
                self._stop(Fault.BEGINNING_MISSING, link.sequence, link)
            self._stop(Fault.ROW_REPLACED, self.last, next=link.sequence)
        if statement and statement.first <= link.sequence <= statement.last:
            self._tree.add(row.sealed_hash)
            if link.sequence == statement.last:
                self._close(statement, row.sealed_hash)

    def _close(self, statement: Statement, head_hash: bytes) -> None:
        if (statement.head_hash, statement.merkle_root) != (head_hash, self._tree.root()):
            self._stop(
                Fault.ROWS_RESEALED,
                statement.first,
                last=statement.last,
                number=statement.number,
            )
        self.signed = statement.last

    def _prove(self, row: SealedRow) -> None:
        place, statement = row.link.sequence, self._statement
        if row.way is None and (statement is None or place > statement.last):
            self.unproved += 1  # no checkpoint was there yet
        elif (
            row.way is None
            or statement is None
            or not is_included(
                row.sealed_hash,
                index=place - statement.first,
                size=statement.last - statement.first + 1,
                way=row.way,
                top=statement.merkle_root,
            )
        ):
            self._stop(Fault.ROW_UNPROVED, place, row.link)

    def _stop_at_changed(self, row: SealedRow) -> NoReturn:
        place, was = row.link.sequence, _place_when_sealed(row)
        if was is None:
            self._stop(Fault.ROW_CHANGED, place, row.link)
        if was < place:
            self._stop(Fault.ROW_INSERTED, was, place=place)
        self._stop(Fault.ROW_MOVED, place, row.link, was=was)

    def _checkpoint(self, record: SignedCheckpoint) -> None:
        statement, before = record.statement, self._statement
        number, first = statement.number, statement.first
        self._verify(statement, record.signature, Fault.CHECKPOINT_FORGED, first, number)
        kept = self.witnesses.get(number)
        if kept and kept.digest != statement.digest():
            self._stop(Fault.CHECKPOINT_NOT_AS_KEPT, kept.first, number=number)
        if not self.is_selection:
            self._expect_whole_batch()
            self._expect_to_follow(statement)
        elif before and number <= before.number:
            self._stop(Fault.CHECKPOINT_REPLACED, first, number=number)
        if self.cut and number <= self.cut.checkpoint:
            self._expect_as_cut(statement, self.cut)
        elif first <= self.last:
            self._stop(Fault.CHECKPOINT_OUT_OF_ORDER, first, number=number, last=self.last)
        if self.is_selection:
            self.signed = statement.last
        self._statement, self._tree = statement, Tree()
        self.checkpoints += 1

    def _expect_to_follow(self, statement: Statement) -> None:
        before, cut = self._statement, self.cut
        if before:
            number, previous, first = before.number + 1, before.digest(), before.last + 1
        elif cut and statement.number == cut.checkpoint + 1:
            number, previous, first = statement.number, cut.checkpoint_digest, cut.through + 1
        else:
            number, previous, first = 1, NOTHING, 1
        if statement.number > number:
            self._stop(Fault.CHECKPOINT_MISSING, first, number=number)
        # One that begins later was signed where rows were missing already: the next row tells.
        if (statement.number, statement.previous) != (number, previous) or statement.first < first:
            self._stop(Fault.CHECKPOINT_REPLACED, first, number=statement.number)

    def _expect_as_cut(self, statement: Statement, cut: Cut) -> None:
        named = (cut.through, cut.through_hash, cut.checkpoint_digest)
        is_last = statement.number == cut.checkpoint
        if is_last and named != (statement.last, statement.head_hash, statement.digest()):
            self._stop(Fault.CHECKPOINT_NOT_AS_CUT, statement.first, number=statement.number)

    def _shorten(self, record: SignedCut) -> None:
        cut, before = record.cut, self.cut
        self._verify(cut, record.signature, Fault.CUT_FORGED, cut.through)
        if self._statement or self.last > (before.through if before else 0):
            self._stop(Fault.CUT_OUT_OF_ORDER, cut.through)
        if before is None or cut.through > before.through:
            self.cut, self.last, self.signed = cut, cut.through, cut.through
            self._last_hash = cut.through_hash

    def _verify(
        self,
        statement: Statement | Cut,
        signature: bytes,
        forged: Fault,
        row: int,
        number: int | None = None,
    ) -> None:
        if statement.kid not in self.keys:
            self._stop(Fault.KEY_UNKNOWN, row, kid=statement.kid)
        if not self.keys.have_signed(statement, signature):
            self._stop(forged, row, kid=statement.kid, number=number)

    def _expect_whole_batch(self) -> None:
        batch = self._statement
        if batch and self.last < batch.last:
            self._stop(Fault.TAIL_MISSING, self.last + 1, number=batch.number, last=batch.last)

    def _expect_all_that_was_kept(self) -> None:
        seen = self._statement.number if self._statement else 0
        seen = max(seen, self.cut.checkpoint if self.cut else 0)
        number = min((each for each in self.witnesses if each > seen), default=None)
        if number is not None:
            kept = self.witnesses[number]
            self._stop(Fault.TAIL_RESEALED, kept.first, number=number, at=moment(kept.signed_at))

    def _expect(self, head: Head) -> None:
        if self.last < head.sequence:
            self._stop(Fault.TAIL_BEFORE_HEAD, self.last + 1, last=head.sequence)
        if self.last > head.sequence:
            self._stop(Fault.HEAD_BEHIND, head.sequence + 1)
        if self.last and self._last_hash != head.head_hash:
            self._stop(Fault.HEAD_DIFFERS, self.last)
        if self.signed != head.signed_sequence:
            self._stop(
                Fault.CHECKPOINT_BEYOND_HEAD,
                min(self.signed, head.signed_sequence) + 1,
                signed=head.signed_sequence,
                last=self.signed,
            )

    def _stop(
        self, fault: Fault, row: int | None = None, link: Link | None = None, **told: object
    ) -> NoReturn:
        event = str(link.said.get("id", "")) if link else ""
        raise Broken(found(fault, chain=self.chain, row=row, event=event, **told))


def _hash(link: Link) -> bytes | None:
    try:
        return link.hash()
    except ValueError:  # it says what has no one form, so nobody sealed it
        return None


def _place_when_sealed(row: SealedRow) -> int | None:
    """Find the place that a row was sealed for, if that is near the one it stands in."""
    link, place = row.link, row.link.sequence
    for each in range(max(1, place - _REACH), place + _REACH + 1):
        if _hash(replace(link, sequence=each)) == row.sealed_hash:
            return each
    return None
