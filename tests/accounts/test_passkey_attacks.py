"""Attacks on signing in with a passkey: forged, foreign, replayed and twisted answers."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import PasskeyChallenge, Session
from audit.models import AuditRow
from tests.accounts.authenticators import (
    ELIGIBLE,
    PRESENT,
    VERIFIED,
    WRONG,
    Authenticator,
    enter,
    holder,
    options_to_add,
    options_to_prove,
    options_to_sign_in,
    refused,
    spelt,
)
from tests.accounts.phones import asked
from tests.factories import UserFactory


def foreign_origin(api, ada, key):
    key.origin = "https://evil.example"
    return key.get(options_to_sign_in(api))


def look_alike_origin(api, ada, key):
    key.origin = "http://localhost:8000.evil.example"
    return key.get(options_to_sign_in(api))


def framed_page(api, ada, key):
    key.client_data = {"crossOrigin": True, "topOrigin": "https://evil.example"}
    return key.get(options_to_sign_in(api))


def foreign_site(api, ada, key):
    return key.get({**options_to_sign_in(api), "rpId": "evil.example"})


def own_challenge(api, ada, key):
    return key.get({**options_to_sign_in(api), "challenge": spelt(b"x" * 32)})


def expired_challenge(api, ada, key):
    options = options_to_sign_in(api)
    PasskeyChallenge.objects.update(expires_at=timezone.now())
    return key.get(options)


def challenge_of_a_second_step(api, ada, key):
    return key.get(options_to_sign_in(api, mfa_token=asked(api, ada.user.email)))


def challenge_of_a_proof(api, ada, key):
    return key.get(options_to_prove(api, ada))


def challenge_of_a_registration(api, ada, key):
    return key.get({**options_to_sign_in(api), "challenge": options_to_add(api, ada)["challenge"]})


def answer_of_a_registration(api, ada, key):
    key.client_data = {"type": "webauthn.create"}
    return key.get(options_to_sign_in(api))


def unverified_person(api, ada, key):
    key.flags = PRESENT
    return key.get(options_to_sign_in(api))


def absent_person(api, ada, key):
    key.flags = VERIFIED
    return key.get(options_to_sign_in(api))


def signature_of_another(api, ada, key):
    other = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle)
    return other.get(options_to_sign_in(api))


def no_signature(api, ada, key):
    return key.get(options_to_sign_in(api), signature=spelt(b"nothing"))


def unknown_passkey(api, ada, key):
    return Authenticator(user_handle=key.user_handle).get(options_to_sign_in(api))


def key_that_stands_in_for_unknown_ones(api, ada, key):
    """Everybody knows its private half: it is the base point of the curve."""
    return Authenticator(user_handle=key.user_handle, secret=1).get(options_to_sign_in(api))


def another_user_handle(api, ada, key):
    return key.get(options_to_sign_in(api), userHandle=spelt(UserFactory().pk.bytes))


def no_user_handle(api, ada, key):
    return key.get(options_to_sign_in(api), userHandle=None)


def another_kind_of_key(api, ada, key):
    key.flags |= ELIGIBLE
    return key.get(options_to_sign_in(api))


def changed_client_data(api, ada, key):
    passkey = key.get(options_to_sign_in(api))
    return {**passkey, "response": {**passkey["response"], "clientDataJSON": spelt(b"[]")}}


def no_authenticator_data(api, ada, key):
    return key.get(options_to_sign_in(api), authenticatorData=spelt(b"short"))


def another_raw_id(api, ada, key):
    return {**key.get(options_to_sign_in(api)), "id": spelt(b"another")}


@pytest.mark.parametrize(
    "attack",
    [
        foreign_origin,
        look_alike_origin,
        framed_page,
        foreign_site,
        own_challenge,
        expired_challenge,
        challenge_of_a_second_step,
        challenge_of_a_proof,
        challenge_of_a_registration,
        answer_of_a_registration,
        unverified_person,
        absent_person,
        signature_of_another,
        no_signature,
        unknown_passkey,
        key_that_stands_in_for_unknown_ones,
        another_user_handle,
        no_user_handle,
        another_kind_of_key,
        changed_client_data,
        no_authenticator_data,
        another_raw_id,
    ],
)
def test_every_wrong_answer_is_refused_alike(api, attack):
    ada, key, _ = holder(api)
    before = Session.objects.count()
    assert refused(enter(api, attack(api, ada, key))) == WRONG
    assert Session.objects.count() == before
    assert AuditRow.objects.filter(action="session.refused").count() == 1
