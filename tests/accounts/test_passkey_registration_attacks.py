"""Attacks on adding a passkey: what is not genuine, not asked for, or no key at all."""

from __future__ import annotations

import pytest
from django.utils import timezone
from webauthn.helpers import encode_cbor, parse_cbor

from accounts.models import Passkey, PasskeyChallenge
from audit.models import AuditRow
from tests.accounts.authenticators import (
    PASSKEYS,
    PRESENT,
    Authenticator,
    options_to_add,
    options_to_sign_in,
    read,
    spelt,
)
from tests.accounts.people import signed_in


def with_attested(passkey: dict, **changes) -> dict:
    """Change what stands in the attestation object."""
    sent = parse_cbor(read(passkey["response"]["attestationObject"]))
    response = {**passkey["response"], "attestationObject": spelt(encode_cbor({**sent, **changes}))}
    return {**passkey, "response": response}


def test_what_an_authenticator_says_of_its_maker_is_not_read(api):
    ada = signed_in(api)
    statement = {"alg": -7, "sig": b"junk", "x5c": [b"no certificate"]}
    passkey = Authenticator().create(options_to_add(api, ada))
    passkey = with_attested(passkey, fmt="packed", attStmt=statement)
    assert api.post(PASSKEYS, {"passkey": passkey}, token=ada.access).status_code == 201


def foreign_origin(api, ada):
    return Authenticator(origin="https://evil.example").create(options_to_add(api, ada))


def foreign_site(api, ada):
    site = {"id": "evil.example", "name": ""}
    return Authenticator().create({**options_to_add(api, ada), "rp": site})


def unverified_person(api, ada):
    return Authenticator(flags=PRESENT).create(options_to_add(api, ada))


def framed_page(api, ada):
    return Authenticator(client_data={"crossOrigin": True}).create(options_to_add(api, ada))


def challenge_of_somebody_else(api, ada):
    return Authenticator().create(options_to_add(api, signed_in(api)))


def challenge_of_another_session(api, ada):
    return Authenticator().create(options_to_add(api, signed_in(api, user=ada.user)))


def challenge_of_a_sign_in(api, ada):
    challenge = options_to_sign_in(api)["challenge"]
    return Authenticator().create({**options_to_add(api, ada), "challenge": challenge})


def own_challenge(api, ada):
    return Authenticator().create({**options_to_add(api, ada), "challenge": spelt(b"x" * 32)})


def expired_challenge(api, ada):
    options = options_to_add(api, ada)
    PasskeyChallenge.objects.update(expires_at=timezone.now())
    return Authenticator().create(options)


def answer_of_a_sign_in(api, ada):
    return Authenticator(client_data={"type": "webauthn.get"}).create(options_to_add(api, ada))


def another_id(api, ada):
    own = spelt(b"another")
    return {**Authenticator().create(options_to_add(api, ada)), "id": own, "rawId": own}


def no_key(api, ada):
    return with_attested(Authenticator().create(options_to_add(api, ada)), authData=b"x" * 37)


def data_that_are_text(api, ada):
    return with_attested(Authenticator().create(options_to_add(api, ada)), authData="text")


def point_beside_the_curve(api, ada):
    key = Authenticator(cose={-3: b"\1" * 32})
    return key.create(options_to_add(api, ada))


def algorithm_nobody_asked_for(api, ada):
    return Authenticator(cose={3: -65535}).create(options_to_add(api, ada))


def key_of_no_kind(api, ada):
    return Authenticator(cose={1: [], 3: -7}).create(options_to_add(api, ada))


def nested_without_end(api, ada):
    passkey = Authenticator().create(options_to_add(api, ada))
    response = {**passkey["response"], "attestationObject": spelt(b"\x81" * 12_000)}
    return {**passkey, "response": response}


@pytest.mark.parametrize(
    "attack",
    [
        foreign_origin,
        foreign_site,
        unverified_person,
        framed_page,
        challenge_of_somebody_else,
        challenge_of_another_session,
        challenge_of_a_sign_in,
        own_challenge,
        expired_challenge,
        answer_of_a_sign_in,
        another_id,
        no_key,
        data_that_are_text,
        point_beside_the_curve,
        algorithm_nobody_asked_for,
        key_of_no_kind,
        nested_without_end,
    ],
)
def test_what_is_no_genuine_new_passkey_is_refused_alike(api, attack):
    ada = signed_in(api)
    passkey = attack(api, ada)
    answer = api.post(PASSKEYS, {"passkey": passkey}, token=ada.access)
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CODE")
    assert not Passkey.objects.exists()
    assert AuditRow.objects.filter(action="passkey.added", outcome="refused").count() == 1
