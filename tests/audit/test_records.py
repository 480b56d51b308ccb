from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
import rfc8785

from audit import signatures
from audit.chain import NOTHING, Cut, Link, Statement
from audit.records import (
    PublicKey,
    RecordError,
    SealedRow,
    Selection,
    SignedCheckpoint,
    SignedCut,
    jwk,
    keys_of,
    line,
    parse,
)
from tests.audit.rows import a_row

CHAIN = UUID("0193e4a1-0000-7000-8000-000000000001")
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LINK = Link(CHAIN, 1, NOTHING, a_row(id=CHAIN, changes={"name": ["Ä", None, 1.5]}).said())
STATEMENT = Statement(CHAIN, 1, 1, 8, bytes(range(32)), NOTHING, NOTHING, NOON, "kid-1")
CUT = Cut(CHAIN, 8, NOTHING, 1, NOTHING, NOON, "kid-1")

RECORDS = {
    "row": SealedRow(LINK, LINK.hash()),
    "row with its path": SealedRow(LINK, LINK.hash(), way=(NOTHING,), told={"name": "Ä"}),
    "checkpoint": SignedCheckpoint(STATEMENT, bytes(64)),
    "cut": SignedCut(CUT, bytes(64)),
    "selection": Selection(CHAIN, {"action": "user.registered"}),
    "key": PublicKey("kid-1", bytes(range(32))),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_is_read_back_as_it_was_written(kind):
    written = line(RECORDS[kind])
    assert written.count(b"\n") == 1
    assert parse(written) == RECORDS[kind]


def test_what_was_signed_is_the_line_without_its_signature_in_canonical_form():
    members = json.loads(line(RECORDS["checkpoint"]))
    del members["signature"]
    assert rfc8785.dumps(members) == STATEMENT.signed()


def changed(kind, **members):
    return json.dumps({**json.loads(line(RECORDS[kind])), **members}).encode()


REFUSED = {
    "no JSON": b"{",
    "no object": b"[]",
    "bad UTF-8": b'{"statement":"\xff"}',
    "nested without end": b"[" * 100_000,
    "longer than any record": b" " * (1024 * 1024 + 1),
    "a statement of no kind": b'{"statement":"rumour"}',
    "a member named twice": line(RECORDS["key"]).replace(b"{", b'{"statement":"row",', 1),
    "a member twice within": line(RECORDS["row"]).replace(b'"said":{', b'"said":{"action":"x",'),
    "a number that is none": changed("selection", filters={"from": float("nan")}),
    "an unknown member": changed("checkpoint", remark="x"),
    "a row that names its own place": changed("row", said={**LINK.said, "sequence": 7}),
    "a row that says less": changed("row", said={}),
    "a truth for a number": changed("row", sequence=True),
    "a text for a number": changed("row", sequence="1"),
    "a number beyond JSON's": changed("row", sequence=1 << 53),
    "a place before the first": changed("row", sequence=0),
    "octets in capitals": changed("row", sealed_hash="AB" * 32),
    "octets too few": changed("row", sealed_hash="ab"),
    "a UUID in capitals": changed("row", chain=str(CHAIN).upper()),
    "another zone": changed("checkpoint", signed_at="2030-01-01T13:00:00.000000+01:00"),
    "a time without zone": changed("checkpoint", signed_at="2030-01-01T12:00:00.000000"),
    "a checkpoint over nothing": changed("checkpoint", first=9),
    "an endless path": changed("row with its path", path=["00" * 32] * 65),
    "a key that is too short": changed("key", jwk={"kid": "k", "x": "AAAA"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_line_in_any_other_form_is_refused(case):
    with pytest.raises(RecordError):
        parse(REFUSED[case])


def test_a_key_is_found_in_a_set_beside_keys_of_other_kinds():
    key = RECORDS["key"]
    assert keys_of({"keys": [{"kty": "EC", "crv": "P-256"}, jwk(key)]}) == {"kid-1": key}


@pytest.mark.parametrize(
    "jwks",
    [
        [],
        {"keys": "none"},
        {"keys": [jwk(RECORDS["key"]), jwk(PublicKey("kid-1", bytes(32)))]},
        {"keys": [{"crv": "Ed25519", "kid": "kid-1", "x": "not base64 at all"}]},
    ],
)
def test_a_set_of_keys_that_says_two_things_or_nothing_is_refused(jwks):
    with pytest.raises(RecordError):
        keys_of(jwks)


def test_a_checkpoint_is_read_as_it_is_published_too():
    published = json.dumps(signatures.told(STATEMENT, bytes(64))).encode()
    assert parse(published) == RECORDS["checkpoint"]
    for forged in (b'{"statement":{"signature":"x"},"signature":"y"}', b'{"statement":{}}'):
        with pytest.raises(RecordError):
            parse(forged)
