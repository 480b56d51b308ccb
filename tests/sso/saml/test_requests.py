"""A request to sign somebody in is what a provider can verify, by either binding."""

from __future__ import annotations

import base64
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from sso.protocols.saml import library, requests
from sso.protocols.saml.names import RSA_SHA256, saml
from tests.sso.attacks.signing import moment
from tests.sso.saml.parties import BASE, NOW, REQUEST, provider, service

ADDRESS = "https://idp.corp.example/sso?tenant=a&b=c"
# What must not leave the answer to whoever reads addresses: letters that forms treat specially.
STATE = "a b&c=d/+é"


def asked(binding: str, **changes: object) -> requests.Outgoing:
    arguments = {"request_id": REQUEST, "relay_state": STATE, "force": False, "now": NOW, **changes}
    there = provider(sso_url=ADDRESS, sso_binding=binding)
    return requests.sign_in_url(service("plinto", "older"), there, **arguments)


def read(outgoing: requests.Outgoing) -> etree._Element:
    """Read the request as its provider does."""
    if outgoing.is_form:
        return etree.fromstring(base64.b64decode(outgoing.fields["SAMLRequest"]))
    packed = parse_qs(urlsplit(outgoing.url).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -zlib.MAX_WBITS))


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_it_says_who_asks_and_where_the_answer_goes(binding):
    root = read(asked(binding))

    assert library.judge_schema(root)
    assert root.find(saml("Issuer")).text == f"{BASE}/metadata"
    assert root.get("AssertionConsumerServiceURL") == f"{BASE}/acs"
    assert (root.get("ID"), root.get("Destination")) == (REQUEST, ADDRESS)
    assert (root.get("IssueInstant"), root.get("ForceAuthn")) == (moment(NOW), None)


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_it_asks_for_a_fresh_proof_only_when_told_to(binding):
    assert read(asked(binding, force=True)).get("ForceAuthn") == "true"


def test_by_redirect_the_address_is_kept_and_the_query_signed():
    outgoing = asked("redirect")

    told = parse_qs(urlsplit(outgoing.url).query)
    octets, _, signature = outgoing.url.removeprefix(f"{ADDRESS}&").rpartition("&Signature=")
    assert (told["tenant"], told["b"], told["RelayState"]) == (["a"], ["c"], [STATE])
    assert octets.startswith("SAMLRequest=")
    assert signature
    assert _is_signed(octets, told["Signature"][0])
    assert not _is_signed(octets.replace("RelayState=a", "RelayState=b"), told["Signature"][0])


def test_by_post_the_document_is_signed_and_the_state_beside_it():
    outgoing = asked("post")

    path, ours = "/samlp:AuthnRequest/ds:Signature", service().keys[0].certificate
    assert (outgoing.url, outgoing.fields["RelayState"]) == (ADDRESS, STATE)
    assert library.is_signed_by(read(outgoing), path, certificates=[ours])


def test_no_two_requests_have_one_name_and_each_may_stand_in_xml():
    names = {requests.new_id() for _ in range(100)}

    assert len(names) == 100
    assert all(name[0] == "_" and len(name) == 33 for name in names)


def _is_signed(octets: str, signature: str) -> bool:
    return library.is_query_signed_by(
        octets,
        base64.b64decode(signature),
        algorithm=RSA_SHA256,
        certificates=[service().keys[0].certificate],
    )
