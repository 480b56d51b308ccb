"""What an honest provider says is read whole, however it signs and encrypts."""

from __future__ import annotations

import pytest
import xmlsec

from tests.sso.attacks.signing import Signer, assertion_of, encrypt, good, key_of
from tests.sso.saml.parties import NOW, REQUEST, told, verify


@pytest.mark.parametrize(
    "signs", [("Assertion", "Response"), ("Assertion",), ("Response",)], ids="-".join
)
def test_a_response_tells_who_came_whichever_part_is_signed(signs):
    found = verify(good(told(), key_of("idp"), signs=signs))

    assert found.arrival.subject == "ada@corp.example"
    assert found.arrival.attributes["groups"] == ("Engineers", "Everybody")
    assert found.arrival.methods == ("pwd",)
    assert found.arrival.authenticated_at == NOW
    assert found.arrival.session_index == "_session1"
    assert (found.assertion_id, found.in_response_to) == ("_assertion", REQUEST)


@pytest.mark.parametrize("signs", [("Assertion", "Response"), ("Assertion",)], ids="-".join)
def test_an_encrypted_assertion_tells_the_same(signs):
    response = told().tree()
    if "Assertion" in signs:
        Signer(key_of("idp")).sign(assertion_of(response))
    encrypt(response, key_of("plinto").certificate, method=xmlsec.Transform.AES256_GCM)
    if "Response" in signs:
        Signer(key_of("idp")).sign(response)

    assert verify(response).arrival == verify(told()).arrival
