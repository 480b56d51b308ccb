"""
Proving one event to somebody who trusts nothing but the public keys.

A proof holds the row, its place, the way from it to the root of a Merkle tree (RFC 9162), and the
checkpoint that signs the root. ``check`` asks no database: it is what an auditor runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from audit import chain as chains
from audit import signatures
from audit.chain import SYSTEM_CHAIN, Link
from audit.errors import NotSignedYet, TrailDamaged
from audit.models import AuditRow, Checkpoint
from audit.services import alarms, checkpoint_keys, checkpoints
from audit.signatures import BrokenProofError, Told
from plinto.kernel.exceptions import NotFoundError

_OF_THE_PLACE = {"chain", "sequence", "previous_hash"}


def prove(organization_id: UUID | None, event_id: UUID) -> Told:
    """
    Return all that is needed to verify one event offline, as JSON.

    ``organization_id`` is None for an event that belongs to no organization.

    :raises NotFoundError: that organization has no such event
    :raises NotSignedYet: the event is too young
    :raises TrailDamaged: the rows no longer lead to what was signed
    """
    row = AuditRow.objects.filter(pk=event_id, organization_id=organization_id).first()
    if row is None:
        raise NotFoundError(reason="no such event")
    if row.chain is None or row.sequence is None:
        raise NotSignedYet(reason="not sealed yet")
    later = Checkpoint.objects.filter(chain=row.chain, last__gte=row.sequence)
    checkpoint = later.order_by("last").first()
    if checkpoint is None:
        raise NotSignedYet(reason="not signed yet")
    keys = checkpoint_keys.published()
    try:
        proof = _composed(row, checkpoint, keys)
        check(proof, keys)
    except (IndexError, ValueError) as error:
        alarms.sound("trail.damaged", about=str(row.chain), row=str(row.pk), reason=str(error))
        raise TrailDamaged(reason=str(error)) from error
    return proof


def check(proof: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> None:
    """
    Verify a proof against public keys, given as JWKs that came from elsewhere than the proof.

    Whoever passes it knows: a holder of one of the keys signed that this event, word for word,
    stands at this place of this chain.

    :raises BrokenProofError: it does not hold; says why
    """
    statement = signatures.verified(proof.get("checkpoint", {}), keys)
    try:
        link, claimed, way = _read(proof)
        index, size = proof["inclusion"]["index"], proof["inclusion"]["size"]
        found = link.hash()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenProofError("not a proof") from error
    if found != claimed:
        raise BrokenProofError("the event was changed")
    if (statement.chain, statement.first + index) != (link.chain, link.sequence):
        raise BrokenProofError("the checkpoint is over other rows")
    if size != statement.last - statement.first + 1 or not chains.is_included(
        found, index=index, size=size, way=way, top=statement.merkle_root
    ):
        raise BrokenProofError("the event is not among the rows that were signed")


def _composed(row: AuditRow, checkpoint: Checkpoint, keys: list[Told]) -> Told:
    hashes = checkpoints.hashes_of(checkpoint)
    index = (row.sequence or 0) - checkpoint.first
    return {
        "event": row.said(),
        "chain": str(row.chain),
        "sequence": row.sequence,
        "previous_hash": bytes(row.previous_hash or b"").hex(),
        "hash": bytes(row.sealed_hash or b"").hex(),
        "inclusion": {
            "index": index,
            "size": len(hashes),
            "path": [each.hex() for each in chains.path(hashes, index)],
        },
        "checkpoint": checkpoint.told(),
        "key": next((key for key in keys if key["kid"] == checkpoint.kid), None),
    }


def _read(proof: Mapping[str, Any]) -> tuple[Link, bytes, list[bytes]]:
    said = proof["event"]
    # Such a word in the row would overwrite its place in what is hashed.
    if _OF_THE_PLACE & said.keys():
        raise ValueError("a place in the event")
    owner = said["organization_id"]
    chain = UUID(proof["chain"])
    if chain != (SYSTEM_CHAIN if owner is None else UUID(owner)):
        raise ValueError("the chain of another organization")
    whole = (proof["sequence"], proof["inclusion"]["index"], proof["inclusion"]["size"])
    if any(type(number) is not int for number in whole):
        raise ValueError("no number")
    link = Link(chain, proof["sequence"], bytes.fromhex(proof["previous_hash"]), said)
    way = [bytes.fromhex(each) for each in proof["inclusion"]["path"]]
    return link, bytes.fromhex(proof["hash"]), way
