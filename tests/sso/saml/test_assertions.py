"""What an honest provider says is read whole, however it signs and encrypts."""

from __future__ import annotations

import pytest
import xmlsec
from lxml import etree

from sso.protocols.saml.checks import CHECKS
from sso.protocols.saml.subjects import NameID
from tests.sso.attacks.hostile import sealed
from tests.sso.attacks.signing import (
    DS,
    EMAIL,
    SAML,
    Signer,
    assertion_of,
    every,
    form,
    good,
    key_of,
)
from tests.sso.attacks.table import SEEN_BY
from tests.sso.saml.parties import NOW, REQUEST, provider, service, told, verify

CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"


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
    assert NameID.of_hint(found.arrival.hint) == NameID("ada@corp.example", format=EMAIL)
    assert (found.assertion_id, found.in_response_to) == ("_assertion", REQUEST)


@pytest.mark.parametrize(
    ("signs", "cipher"),
    [
        (("Assertion", "Response"), {}),
        (("Assertion",), {}),
        (("Response",), {"method": xmlsec.Transform.AES128_GCM, "bits": 128}),
        # What SimpleSAMLphp and others encrypt by unless they are told otherwise.
        (("Assertion", "Response"), {"method": xmlsec.Transform.AES128, "bits": 128}),
        (("Response",), {"method": xmlsec.Transform.AES256}),
    ],
)
def test_an_encrypted_assertion_tells_the_same(signs, cipher):
    ours = key_of("plinto").certificate

    response = sealed(told(), key_of("idp"), ours, signs=signs, **cipher)

    assert b"ada@" not in etree.tostring(response)
    assert verify(response) == verify(told())


def test_either_of_our_keys_opens_it_while_they_roll_over():
    both = service("younger", "plinto")

    for name in ("younger", "plinto"):
        response = sealed(told(), key_of("idp"), key_of(name).certificate)
        assert verify(response, sp=both).arrival.subject == "ada@corp.example"


def test_either_of_the_providers_keys_is_believed_while_they_roll_over():
    both = provider(key_of("idp"), key_of("idp, next"))

    for name in ("idp", "idp, next"):
        assert verify(good(told(), key_of(name)), idp=both).arrival.subject == "ada@corp.example"


@pytest.mark.parametrize("bits", [256, 384, 512])
@pytest.mark.parametrize("kind", ["rsa2048", "ec256"])
def test_a_provider_may_sign_by_rsa_or_an_elliptic_curve(kind, bits):
    key = key_of(f"idp, {kind}", kind=kind)
    family = "RSA" if kind.startswith("rsa") else "ECDSA"
    response = told().tree()
    Signer(
        key,
        method=getattr(xmlsec.Transform, f"{family}_SHA{bits}"),
        digest=getattr(xmlsec.Transform, f"SHA{bits}"),
    ).sign(assertion_of(response))

    assert verify(response, idp=provider(key)).arrival.subject == "ada@corp.example"


def test_a_provider_may_keep_prefixes_and_name_its_key_in_several_ways():
    def shape(signature):
        keeping = every(signature, "Transform")[1]
        xmlsec.template.transform_add_c14n_inclusive_namespaces(keeping, ["xs", "saml"])

    response = told().tree()
    Signer(key_of("idp"), shape=shape).sign(assertion_of(response))
    for hint in (
        "<KeyName>one of ours</KeyName>",
        "<KeyValue><RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent></RSAKeyValue></KeyValue>",
        '<KeyValue><ECKeyValue xmlns="http://www.w3.org/2009/xmldsig11#"/></KeyValue>',
    ):
        named = hint.replace(">", f' xmlns="{DS}">', 1)
        every(response, "KeyInfo")[0].append(etree.fromstring(named))

    assert b"InclusiveNamespaces" in etree.tostring(response)
    assert verify(response).arrival == verify(told()).arrival


def test_a_provider_may_write_without_prefixes():
    plain = told().xml().replace("<saml:", "<").replace("</saml:", "</")
    response = etree.fromstring(
        plain.replace("<Assertion ", f'<Assertion xmlns="{SAML}" ').replace(
            "<Issuer>", f'<Issuer xmlns="{SAML}">'
        )
    )
    Signer(key_of("idp")).sign(assertion_of(response))

    assert verify(response).arrival == verify(told()).arrival


def test_a_form_value_may_be_broken_into_lines():
    value = form(good(told(), key_of("idp")))
    lines = "\r\n".join(value[i : i + 76] for i in range(0, len(value), 76))

    assert verify(lines) == verify(value)


def test_an_attribute_that_comes_several_times_has_all_the_values():
    attributes = (("Role", ("a",)), ("Role", ("b", "c")), ("empty", ("",)))

    found = verify(told(attributes=attributes)).arrival.attributes

    assert found == {"Role": ("a", "b", "c"), "empty": ()}


def test_a_name_within_an_attribute_is_its_value_and_other_xml_is_left_out():
    inner = f'<saml:NameID xmlns:saml="{SAML}">ada-1</saml:NameID>'
    attributes = (("targeted", (inner,)), ("other", ("<a xmlns=''>x</a>",)))

    found = verify(told(attributes=attributes)).arrival.attributes

    assert found == {"targeted": ("ada-1",), "other": ()}


@pytest.mark.parametrize(
    ("context", "attributes", "methods"),
    [
        (f"{CLASSES}unspecified", (), ()),
        (f"{CLASSES}Password", (), ("pwd",)),
        (f"{CLASSES}X509", (), ("pop",)),
        (f"{CLASSES}SmartcardPKI", (), ("sc",)),
        ("https://refeds.org/profile/mfa", (), ("mfa",)),
        (
            f"{CLASSES}Password",
            (
                (
                    "http://schemas.microsoft.com/claims/authnmethodsreferences",
                    ("http://schemas.microsoft.com/claims/multipleauthn",),
                ),
            ),
            ("pwd", "mfa"),
        ),
    ],
)
def test_what_the_provider_says_of_methods_is_told_in_the_words_of_rfc_8176(
    context, attributes, methods
):
    arrival = verify(told(context=context, attributes=attributes)).arrival

    assert arrival.methods == methods


def test_every_check_is_explained_and_has_an_attack_that_it_refuses():
    names = [name for name, _ in CHECKS]

    assert len(set(names)) == len(names)
    assert all(sentence.endswith(".") for _, sentence in CHECKS)
    # An expired certificate and python3-saml's own opinion have tests of their own.
    assert set(names) - {str(check) for check in SEEN_BY.values() if check} == {
        "certificate", "library", "confirmation",
    }  # fmt: skip
