"""
The mathematics of the trail: what a row is hashed as, how rows hang together, what a proof shows.

Each chain is one organization's rows, or those of the deployment itself. A sealed row holds its
place, the hash of the row before it, and SHA-256 over the canonical JSON (RFC 8785) of all of it.
A checkpoint signs a batch of consecutive rows: the head they lead to, the root of a Merkle tree
over them (RFC 9162, section 2.1), and the checkpoint before it. So one row is proved by a few
hashes and one signature, and whoever holds the public key needs nobody's word.

Nothing here knows Django or a database: the same lines verify a table and a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from math import isfinite
from typing import Any
from uuid import UUID

import rfc8785

# The chain of rows that belong to no organization.
SYSTEM_CHAIN = UUID(int=0)
NOTHING = bytes(32)  # stands where there is no predecessor

_EXACT = 2**53 - 1  # RFC 7493, section 2.2

_LEAF, _NODE = b"\x00", b"\x01"  # RFC 9162: a leaf never passes for a node


@dataclass(frozen=True, slots=True)
class Link:
    """A sealed row: its place, the hash before it, and everything it says."""

    chain: UUID
    sequence: int  # from 1, without gaps
    previous_hash: bytes
    said: Mapping[str, Any]  # the columns of the row as JSON

    def hash(self) -> bytes:
        """
        SHA-256 over the octets.

        :raises ValueError: ``said`` holds what JSON has no one form for
        """
        return sha256(self.octets()).digest()

    def octets(self) -> bytes:
        """
        The canonical JSON of the whole.

        :raises ValueError: ``said`` holds what JSON has no one form for
        """
        return rfc8785.dumps(
            {
                "chain": str(self.chain),
                "sequence": self.sequence,
                "previous_hash": self.previous_hash.hex(),
                **self.said,
            }
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint signs of the rows from ``first`` to ``last``."""

    chain: UUID
    number: int  # from 1, without gaps
    first: int
    last: int
    head_hash: bytes  # of the row ``last``
    merkle_root: bytes
    previous: bytes  # digest of the checkpoint before it
    signed_at: datetime
    kid: str

    def signed(self) -> bytes:
        """The octets that are signed."""
        return rfc8785.dumps({"statement": "checkpoint", **_plain(asdict(self))})

    def digest(self) -> bytes:
        """What the next checkpoint names as its predecessor."""
        return sha256(self.signed()).digest()


@dataclass(frozen=True, slots=True)
class Cut:
    """
    What signs that the rows up to ``through`` were removed because their time was over.

    ``checkpoint`` and ``checkpoint_digest`` name the last checkpoint over removed rows, with which
    the chain now begins.
    """

    chain: UUID
    through: int
    through_hash: bytes
    checkpoint: int
    checkpoint_digest: bytes
    cut_at: datetime
    kid: str

    def signed(self) -> bytes:
        """The octets that are signed."""
        return rfc8785.dumps({"statement": "cut", **_plain(asdict(self))})


def moment(at: datetime) -> str:
    """Write a time as it is hashed: UTC, to the microsecond, whatever zone it is read in."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def portable(value: Any) -> Any:
    """
    Write what databases and readers keep differently so that it has one form everywhere.

    RFC 8785 knows numbers as doubles: whole ones beyond 2^53 become text (its section 6 advises
    so), as do infinities, and half a surrogate pair becomes a question mark.
    """
    if isinstance(value, dict):
        return {portable(name): portable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [portable(each) for each in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, int | float) and abs(value) > _EXACT and not isinstance(value, bool):
        return str(int(value))
    return value


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash of rows, given their hashes in order (RFC 9162, 2.1.1)."""
    if not hashes:
        return sha256().digest()
    return _root([sha256(_LEAF + each).digest() for each in hashes])


def path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """
    Return the inclusion path of one of the rows, from its neighbour upwards (RFC 9162, 2.1.3).

    :raises IndexError: there is no such row
    """
    if not 0 <= index < len(hashes):
        raise IndexError(index)
    return list(_path([sha256(_LEAF + each).digest() for each in hashes], index))


def is_included(
    row_hash: bytes, *, index: int, size: int, way: Sequence[bytes], top: bytes
) -> bool:
    """Say whether ``way`` leads from the row at ``index`` of ``size`` to the root ``top``."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, sha256(_LEAF + row_hash).digest()
    for neighbour in way:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = _parent(neighbour, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = _parent(found, neighbour)
        position, last = position >> 1, last >> 1
    return last == 0 and found == top


class Tree:
    """A Merkle tree whose rows come one by one; it holds one hash for each bit of their number."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []  # size and hash of whole subtrees, left to right

    def add(self, row_hash: bytes) -> None:
        size, found = 1, sha256(_LEAF + row_hash).digest()
        while self._peaks and self._peaks[-1][0] == size:
            found = _parent(self._peaks.pop()[1], found)
            size *= 2
        self._peaks.append((size, found))

    def root(self) -> bytes:
        """Return what ``root`` returns for the rows so far."""
        if not self._peaks:
            return root([])
        *left, (_, found) = self._peaks
        for _, peak in reversed(left):
            found = _parent(peak, found)
        return found


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    left = _split(len(leaves))
    return _parent(_root(leaves[:left]), _root(leaves[left:]))


def _path(leaves: Sequence[bytes], index: int) -> Iterator[bytes]:
    if len(leaves) == 1:
        return
    left = _split(len(leaves))
    if index < left:
        yield from _path(leaves[:left], index)
        yield _root(leaves[left:])
    else:
        yield from _path(leaves[left:], index - left)
        yield _root(leaves[:left])


def _split(size: int) -> int:
    """The largest power of two that is smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _parent(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(each) for name, each in fields.items()}


def _text(each: object) -> object:
    if isinstance(each, bytes):
        return each.hex()
    if isinstance(each, datetime):
        return moment(each)
    return str(each) if isinstance(each, UUID) else each
