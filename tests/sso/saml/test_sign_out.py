"""Messages for signing out: ours are understood, and theirs are believed only when signed."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from sso.facts import Policy, Refused
from sso.protocols.saml import logout
from sso.protocols.saml.checks import Check
from sso.protocols.saml.incoming import Incoming
from sso.protocols.saml.subjects import NameID
from tests.sso.attacks import sign_out
from tests.sso.attacks.hostile import by_reference
from tests.sso.attacks.sign_out import Ending, deflated, query
from tests.sso.attacks.signing import Signer, encrypt_name, form, key_of
from tests.sso.saml.parties import NOW, PROVIDER, REQUEST, provider, service

SEEN_BY = {
    "unsigned": Check.SIGNATURE,
    "DEFLATE bomb, unsigned": Check.SIGNATURE,
    "DEFLATE bomb, signed": Check.SIZE,
    "signed by another key": Check.SIGNATURE,
    "signature of another message": Check.SIGNATURE,
    "signature cut off": Check.SIGNATURE,
    "RelayState added": Check.SIGNATURE,
    "RelayState by another spelling": Check.ENCODING,
    "the request twice": Check.ENCODING,
    "SHA-1": Check.SIGNATURE_FORM,
    "HMAC": Check.SIGNATURE_FORM,
    "not deflated": Check.ENCODING,
    "not base64": Check.ENCODING,
    "empty": Check.ENCODING,
    "an address of 40 kB": Check.SIZE,
    "a signature within": Check.SIGNATURE_FORM,
    "an answer instead": Check.LOGOUT,
    "for another address": Check.DESTINATION,
    "without an address": Check.DESTINATION,
    "by another issuer": Check.ISSUER,
    "a day old": Check.AGE,
    "expired": Check.VALIDITY,
    "a DTD": Check.DOCUMENT,
    "two names": Check.LOGOUT,
    "1,000 sessions": Check.LOGOUT,
}
HONEST = Ending(sp=service(), issuer=PROVIDER, now=NOW)


def requested(message: str | Incoming) -> logout.Requested:
    incoming = Incoming(query=message) if isinstance(message, str) else message
    return logout.requested(incoming, sp=service(), idp=provider(), policy=Policy(), now=NOW)


def posted(root: etree._Element) -> Incoming:
    return Incoming(form_value=form(root))


@pytest.fixture(scope="module")
def forged() -> dict[str, str]:
    return dict(sign_out.attacks(service(), PROVIDER, key_of("idp"), now=NOW))


@pytest.mark.parametrize("name", SEEN_BY)
def test_a_forged_request_ends_nothing(name, forged, capfd):
    with pytest.raises(Refused) as refusal:
        requested(forged[name])

    assert refusal.value.reason.split(":")[0] == SEEN_BY[name]
    assert capfd.readouterr() == ("", "")


def test_the_table_names_every_forged_request(forged):
    assert set(forged) == set(SEEN_BY)


@pytest.mark.parametrize("relay_state", ["", "a b&c=d/ü"])
def test_a_signed_request_by_redirect_says_whom_to_sign_out(relay_state):
    found = requested(query(deflated(HONEST.xml()), key_of("idp"), relay_state=relay_state))

    assert found.name_id == NameID("ada@corp.example")
    assert (found.request_id, found.session_indexes) == ("_ending", ("_session1",))


def test_a_signed_request_by_post_says_whom_to_sign_out():
    root = etree.fromstring(HONEST.xml())
    Signer(key_of("idp")).sign(root)

    assert requested(posted(root)).name_id.value == "ada@corp.example"


@pytest.mark.parametrize("key", [None, "stranger"])
def test_a_posted_request_that_the_provider_did_not_sign_is_refused(key):
    root = etree.fromstring(HONEST.xml())
    if key:
        Signer(key_of(key)).sign(root)

    with pytest.raises(Refused, match=r"^signature:"):
        requested(posted(root))


def test_an_encrypted_name_is_read():
    root = etree.fromstring(HONEST.xml())
    encrypt_name(root, key_of("plinto").certificate)
    Signer(key_of("idp")).sign(root)

    assert requested(posted(root)).name_id.value == "ada@corp.example"


def test_a_name_whose_cipher_is_to_be_fetched_is_refused():
    root = etree.fromstring(HONEST.xml())
    encrypt_name(root, key_of("plinto").certificate)
    by_reference(root)
    Signer(key_of("idp")).sign(root)

    with pytest.raises(Refused, match=r"^encryption:"):
        requested(posted(root))


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_what_is_asked_and_answered_here_is_understood_there(binding):
    name = NameID("ada@corp.example", format="urn:x", name_qualifier="a&b")
    there = provider(slo_url="https://idp.corp.example/slo?a=b&c=d", slo_binding=binding)
    asked = logout.request(
        service(), there, name_id=name, session_index="_s", request_id=REQUEST,
        relay_state="state", now=NOW,
    )  # fmt: skip

    understood = logout.requested(
        _carried(asked, "SAMLRequest"), sp=_at(there.slo_url), idp=_plinto(), policy=Policy(),
        now=NOW,
    )  # fmt: skip

    assert understood == logout.Requested(REQUEST, name, ("_s",))
    assert asked.is_form == (binding == "post")


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("is_success", [True, False])
def test_an_answer_goes_where_answers_are_wanted(binding, is_success):
    there = provider(slo_answer_url="https://idp.corp.example/slo/answer", slo_binding=binding)
    sent = logout.answer(
        service(), there, answer_id="_answer", in_response_to=REQUEST, relay_state="",
        is_success=is_success, now=NOW,
    )  # fmt: skip

    understood = logout.answered(
        _carried(sent, "SAMLResponse"), sp=_at(there.slo_answer_url), idp=_plinto(),
        policy=Policy(), request_id=REQUEST, now=NOW,
    )  # fmt: skip

    assert understood == logout.Answered(REQUEST, is_success)


def test_an_answer_to_another_request_is_refused():
    sent = logout.answer(
        service(), provider(), answer_id="_answer", in_response_to="_other", relay_state="",
        is_success=True, now=NOW,
    )  # fmt: skip

    with pytest.raises(Refused, match=r"^in response to:"):
        logout.answered(
            _carried(sent, "SAMLResponse"), sp=_at(provider().slo_url), idp=_plinto(),
            policy=Policy(), request_id=REQUEST, now=NOW,
        )  # fmt: skip


def _carried(sent: logout.Outgoing, parameter: str) -> Incoming:
    """Carry a message over, as a browser does."""
    address = urlsplit(sent.url)
    whole = [part for part in address.query.split("&") if part[:2] not in {"a=", "c="}]
    assert set(parse_qs(address.query)) <= {
        "a",
        "c",
        parameter,
        "RelayState",
        "SigAlg",
        "Signature",
    }
    return Incoming(query="&".join(whole), form_value=sent.fields.get(parameter, ""))


def _at(address: str) -> object:
    """Return the provider as if it were the one who receives."""
    return replace(service("idp"), entity_id=PROVIDER, sls_url=address)


def _plinto() -> object:
    """Return Plinto as if it were the provider of a message."""
    return replace(provider(key_of("plinto")), entity_id=service().entity_id)
