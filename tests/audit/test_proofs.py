"""Proofs of one event: what they show, and what no forger makes of them."""

from __future__ import annotations

import copy
import json
from uuid import UUID, uuid4

import pytest
from django.test import override_settings

from audit import signatures
from audit.chain import SYSTEM_CHAIN, Link
from audit.errors import NotSignedYet, TrailDamaged
from audit.models import AuditRow, Checkpoint
from audit.services import checkpoint_keys, proofs
from audit.services.proofs import check, prove
from audit.signatures import BrokenProofError
from plinto.kernel.exceptions import NotFoundError
from tests.audit.rows import NOON
from tests.audit.sealed import seal_all, written
from tests.audit.tampering import full_rights

ACME = UUID(int=0xACE)

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys():
    checkpoint_keys.make_first(now=NOON)
    return checkpoint_keys.published()


@pytest.fixture
def proof(keys):
    ids = written(ACME, count=5, changes={"name": ["A", "Zoë"]})
    seal_all()
    return json.loads(json.dumps(prove(ACME, ids[2])))


def test_every_event_of_a_batch_is_proved_with_the_public_key_alone(keys):
    ids = written(ACME, count=9)
    seal_all()
    for place, each in enumerate(ids, start=1):
        proof = json.loads(json.dumps(prove(ACME, each)))
        check(proof, keys)
        assert (proof["event"]["id"], proof["sequence"]) == (str(each), place)


def test_an_event_of_no_organization_is_proved_in_the_chain_of_the_deployment(keys):
    (event,) = written(None)
    seal_all()
    proof = prove(None, event)
    check(proof, keys)
    assert proof["chain"] == str(SYSTEM_CHAIN)


def test_an_event_is_proved_to_its_own_organization_only(keys):
    (event,) = written(ACME)
    seal_all()
    for stranger in (uuid4(), None):
        with pytest.raises(NotFoundError):
            prove(stranger, event)
    with pytest.raises(NotFoundError):
        prove(ACME, uuid4())


def test_an_event_that_nobody_signed_yet_has_no_proof(keys):
    (event,) = written(ACME)
    with pytest.raises(NotSignedYet):
        prove(ACME, event)
    with override_settings(FIELD_KEYS=["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="]):
        seal_all()
    with pytest.raises(NotSignedYet):
        prove(ACME, event)
    seal_all()
    check(prove(ACME, event), keys)


def test_a_proof_outlives_its_key(proof, keys):
    checkpoint_keys.rotate(now=NOON)
    (later,) = written(ACME)
    seal_all()
    both = checkpoint_keys.published()
    check(proof, both)
    check(prove(ACME, later), both)
    with pytest.raises(BrokenProofError, match="no key named"):
        check(prove(ACME, later), keys)


def test_the_key_that_a_proof_brings_along_convinces_nobody(proof):
    with pytest.raises(BrokenProofError, match="no key named"):
        check(proof, [])


def changed(proof, *path, to):
    forged = copy.deepcopy(proof)
    place = forged
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to(place[path[-1]]) if callable(to) else to
    return forged


def flipped(text: str) -> str:
    return ("1" if text[0] == "0" else "0") + text[1:]


FORGERIES = {
    "another action": (("event", "action"), "user.forged"),
    "another time": (("event", "occurred_at"), "2031-01-01T12:00:00.000000+00:00"),
    "another name before": (("event", "changes"), {"name": ["B", "Zoë"]}),
    "another owner": (("event", "organization_id"), str(uuid4())),
    "no owner": (("event", "organization_id"), None),
    "another place": (("sequence",), 4),
    "another row before": (("previous_hash",), flipped),
    "another hash": (("hash",), flipped),
    "another index": (("inclusion", "index"), 3),
    "an index that is a fraction": (("inclusion", "index"), 2.0),
    "another size": (("inclusion", "size"), 6),
    "a shorter path": (("inclusion", "path"), lambda path: path[:-1]),
    "a longer path": (("inclusion", "path"), lambda path: [*path, "00" * 32]),
    "a path that was turned": (("inclusion", "path"), lambda path: path[::-1]),
    "another root": (("checkpoint", "statement", "merkle_root"), flipped),
    "another head": (("checkpoint", "statement", "head_hash"), flipped),
    "another checkpoint before": (("checkpoint", "statement", "previous"), flipped),
    "another number": (("checkpoint", "statement", "number"), 2),
    "another chain": (("checkpoint", "statement", "chain"), str(uuid4())),
    "another moment": (
        ("checkpoint", "statement", "signed_at"),
        "2031-01-01T12:00:00.000000+00:00",
    ),
    "another key": (("checkpoint", "statement", "kid"), "other"),
    "another kind of statement": (("checkpoint", "statement", "statement"), "cut"),
    "another signature": (("checkpoint", "signature"), flipped),
    "no signature": (("checkpoint", "signature"), ""),
    "a number for a text": (("checkpoint", "statement", "kid"), 7),
    "a text for a number": (("checkpoint", "statement", "first"), "1"),
    "a list for the event": (("event",), []),
    "nothing for the checkpoint": (("checkpoint",), None),
    "nothing for the path": (("inclusion", "path"), None),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_proof_does_not_hold(proof, keys, forgery):
    path, to = FORGERIES[forgery]
    check(proof, keys)
    with pytest.raises(BrokenProofError):
        check(changed(proof, *path, to=to), keys)


@pytest.mark.parametrize("word", ["chain", "sequence", "previous_hash"])
def test_an_event_cannot_say_its_own_place(proof, keys, word):
    forged = changed(proof, "event", to=lambda event: {**event, word: proof[word]})
    forged["hash"] = Link(UUID(int=1), 9, b"", forged["event"]).hash().hex()
    with pytest.raises(BrokenProofError, match="not a proof"):
        check(forged, keys)


def test_a_forger_with_a_key_of_their_own_convinces_nobody(proof, keys):
    own = checkpoint_keys.Ed25519PrivateKey.generate()
    checkpoint = Checkpoint.objects.get(chain=ACME)
    signature = own.sign(checkpoint.statement().signed())
    forged = {**proof, "checkpoint": signatures.told(checkpoint.statement(), signature)}
    forged["key"] = signatures.jwk(checkpoint.kid, own.public_key().public_bytes_raw())
    with pytest.raises(BrokenProofError):
        check(forged, keys)
    # With a key of the same name beside the right one, only the right one counts.
    check(proof, [forged["key"], *keys])


def test_a_trail_that_was_changed_gives_no_proof(proof, keys):
    (row,) = AuditRow.objects.filter(chain=ACME, sequence=2)
    with full_rights():
        Checkpoint.objects.filter(chain=ACME).update(merkle_root=bytes(32))
    with pytest.raises(TrailDamaged):
        prove(ACME, row.pk)
    check(proof, keys)  # what was given before still holds


def test_no_proof_shows_what_is_sealed_of_people(keys):
    (event,) = written(ACME, personal={"actor": "c2VhbGVk"})
    seal_all()
    assert proofs.prove(ACME, event)["event"]["personal"] == {"actor": "c2VhbGVk"}
