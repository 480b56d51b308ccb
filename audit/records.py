"""
How what is sealed leaves the database: one JSON line for each row, checkpoint, cut and key.

An export, a published checkpoint and a set of keys are such lines (JSON Lines, UTF-8), and they
are enough to verify without the deployment they came from. Within one chain they stand in this
order: a selection if rows were left out, cuts, then each checkpoint before the rows it covers, by
sequence; rows that no checkpoint covers yet come last.

Reading is strict: what is written twice, unknown, missing, or in another form than the one it was
hashed in is refused, so that two readers cannot read two things. Octets are lower-case hexadecimal,
moments UTC to the microsecond.

Nothing here knows Django or a database.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from audit import signatures
from audit.chain import Cut, Link, Statement
from audit.members import Members, RecordError, octets, read

HASH_BYTES, SIGNATURE_BYTES, KEY_BYTES = 32, 64, 32
# A row holds at most some kilobytes; a file without line ends must not be read into memory.
LONGEST_LINE = 1024 * 1024

# What a row says; any other name could pass for its place in the chain.
SAID = frozenset(
    {
        "id",
        "occurred_at",
        "action",
        "outcome",
        "reason",
        "actor_kind",
        "actor_id",
        "target_kind",
        "target_id",
        "organization_id",
        "session_id",
        "request_id",
        "personal",
        "personal_key_id",
        "changes",
    }
)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """
    A row in its place, with the hash that is claimed for it.

    ``way`` is its inclusion path where the rows around it were left out, and None where they were
    not. ``told`` is what was sealed in it about people, opened: for readers, and never proved.
    """

    link: Link
    sealed_hash: bytes
    way: tuple[bytes, ...] | None = None
    told: Mapping[str, Any] | None = None

    @property
    def chain(self) -> UUID:
        return self.link.chain


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A statement over a batch of rows, and its Ed25519 signature."""

    statement: Statement
    signature: bytes

    @property
    def chain(self) -> UUID:
        return self.statement.chain


@dataclass(frozen=True, slots=True)
class SignedCut:
    """A statement that old rows were removed, and its Ed25519 signature."""

    cut: Cut
    signature: bytes

    @property
    def chain(self) -> UUID:
        return self.cut.chain


@dataclass(frozen=True, slots=True)
class Selection:
    """Says that rows of a chain were left out on purpose, so each one brings its own path."""

    chain: UUID
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key that signs checkpoints and cuts: 32 octets (RFC 8032)."""

    kid: str
    octets: bytes


Record: TypeAlias = SealedRow | SignedCheckpoint | SignedCut | Selection | PublicKey


def line(record: Record) -> bytes:
    """Write one record, with the line end."""
    return orjson.dumps(_written(record), option=orjson.OPT_APPEND_NEWLINE)


def parse(text: bytes) -> Record:
    """
    Read one line, with or without its end.

    :raises RecordError: it is not one record in its one form
    """
    if len(text) > LONGEST_LINE:
        raise RecordError("The line is longer than any record.")
    told = read(text)
    if isinstance(told, dict) and isinstance(told.get("statement"), dict):
        told = _flat(told)
    kind = told.pop("statement", None) if isinstance(told, dict) else None
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise RecordError("The line is no row, checkpoint, cut, selection or key.")
    given = Members(told, of=str(kind))
    record = reader(given)
    given.end()
    return record


def _flat(published: dict[str, Any]) -> dict[str, Any]:
    # A checkpoint may be sent elsewhere with what was signed as one member beside its signature.
    if published.keys() != {"statement", "signature"} or "signature" in published["statement"]:
        raise RecordError("This is not a statement and its signature.")
    return {**published["statement"], "signature": published["signature"]}


def jwk(key: PublicKey) -> dict[str, Any]:
    """Return a key as a member of a JWK set (RFC 8037, section 2)."""
    return signatures.jwk(key.kid, key.octets)


def keys_of(jwks: object) -> dict[str, PublicKey]:
    """
    Read a JWK set (RFC 7517, section 5) as keys by their ``kid``; keys of other kinds are skipped.

    :raises RecordError: it is no JWK set, or a key for Ed25519 in it cannot be read
    """
    members = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(members, list):
        raise RecordError("This is not a JWK set.")
    found: dict[str, PublicKey] = {}
    for member in members:
        if isinstance(member, dict) and member.get("crv") == "Ed25519":
            key = _key(member)
            if found.setdefault(key.kid, key) != key:
                raise RecordError(f"Two keys are called {key.kid}.")
    return found


def _written(record: Record) -> dict[str, Any]:
    match record:
        case SealedRow(link=link):
            row: dict[str, Any] = {
                "statement": "row",
                "chain": str(link.chain),
                "sequence": link.sequence,
                "previous_hash": link.previous_hash.hex(),
                "sealed_hash": record.sealed_hash.hex(),
                "said": dict(link.said),
            }
            if record.way is not None:
                row["path"] = [each.hex() for each in record.way]
            if record.told is not None:
                row["told"] = dict(record.told)
            return row
        case SignedCheckpoint(statement=signed, signature=signature):
            return _with_signature(signed, signature)
        case SignedCut(cut=signed, signature=signature):
            return _with_signature(signed, signature)
        case Selection(chain=chain, filters=filters):
            return {"statement": "selection", "chain": str(chain), "filters": dict(filters)}
    return {"statement": "key", "jwk": jwk(record)}


def _with_signature(signed: Statement | Cut, signature: bytes) -> dict[str, Any]:
    # The canonical form of the line without its signature is what was signed.
    return {**orjson.loads(signed.signed()), "signature": signature.hex()}


def _row(given: Members) -> SealedRow:
    said = given.take("said", dict)
    if said.keys() != SAID:
        raise RecordError("This row says less or more than a row says.")
    link = Link(
        chain=given.chain(),
        sequence=given.number("sequence"),
        previous_hash=given.octets("previous_hash", HASH_BYTES),
        said=said,
    )
    sealed_hash = given.octets("sealed_hash", HASH_BYTES)
    way, told = given.optional("path", list), given.optional("told", dict)
    return SealedRow(link, sealed_hash, None if way is None else _way(way), told)


def _way(way: Sequence[Any]) -> tuple[bytes, ...]:
    if len(way) > 64:
        raise RecordError("The path of this row is longer than any.")
    return tuple(octets(each, HASH_BYTES, what="path of this row") for each in way)


def _checkpoint(given: Members) -> SignedCheckpoint:
    statement = Statement(
        chain=given.chain(),
        number=given.number("number"),
        first=given.number("first"),
        last=given.number("last"),
        head_hash=given.octets("head_hash", HASH_BYTES),
        merkle_root=given.octets("merkle_root", HASH_BYTES),
        previous=given.octets("previous", HASH_BYTES),
        signed_at=given.moment("signed_at"),
        kid=given.take("kid", str),
    )
    signature = given.octets("signature", SIGNATURE_BYTES)
    if statement.first > statement.last:
        raise RecordError("This checkpoint covers no rows.")
    return SignedCheckpoint(statement, signature)


def _cut(given: Members) -> SignedCut:
    cut = Cut(
        chain=given.chain(),
        through=given.number("through"),
        through_hash=given.octets("through_hash", HASH_BYTES),
        checkpoint=given.number("checkpoint"),
        checkpoint_digest=given.octets("checkpoint_digest", HASH_BYTES),
        cut_at=given.moment("cut_at"),
        kid=given.take("kid", str),
    )
    return SignedCut(cut, given.octets("signature", SIGNATURE_BYTES))


def _selection(given: Members) -> Selection:
    return Selection(given.chain(), given.take("filters", dict))


def _public_key(given: Members) -> PublicKey:
    return _key(given.take("jwk", dict))


def _key(member: Mapping[str, Any]) -> PublicKey:
    kid, x = member.get("kid"), member.get("x")
    if not isinstance(kid, str) or not kid or not isinstance(x, str):
        raise RecordError("A key lacks its kid or its x.")
    try:
        key = PublicKey(kid, urlsafe_b64decode(x.encode() + b"=" * (-len(x) % 4)))
    except ValueError as error:
        raise RecordError(f"The key {kid} cannot be read.") from error
    if len(key.octets) != KEY_BYTES or jwk(key)["x"] != x:
        raise RecordError(f"The key {kid} is not one of Ed25519.")
    return key


_READERS: dict[str, Callable[[Members], Record]] = {
    "row": _row,
    "checkpoint": _checkpoint,
    "cut": _cut,
    "selection": _selection,
    "key": _public_key,
}
