"""Metadata: ours can be read and verified, theirs only when they say what a sign-in needs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree
from onelogin.saml2.metadata import OneLogin_Saml2_Metadata
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from sso.facts import Refused
from sso.protocols.saml import library, metadata
from sso.protocols.saml.names import DS, MD, POST, REDIRECT, SAMLP
from tests.sso.attacks.hostile import BOMB
from tests.sso.attacks.signing import KeyPair, key_of, moment, sign_metadata
from tests.sso.saml.parties import BASE, NOW, PROVIDER, service

SSO = "https://idp.corp.example/sso"


def certificate(key: KeyPair, use: str = 'use="signing"') -> str:
    return (
        f'<md:KeyDescriptor {use}><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>'
        f"\n{key.certificate}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def endpoint(local: str, address: str, binding: str = REDIRECT, more: str = "") -> str:
    return f'<md:{local} Binding="{binding}" Location="{address}" {more}/>'


def described(
    *parts: str, entity_id: str = PROVIDER, identifier: str = "_md", more: str = ""
) -> str:
    inside = "".join(parts or (certificate(key_of("idp")), endpoint("SingleSignOnService", SSO)))
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" ID="{identifier}" entityID="{entity_id}" {more}>'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{inside}'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def together(*described_ones: str) -> str:
    return (
        f'<md:EntitiesDescriptor xmlns:md="{MD}" ID="_all">{"".join(described_ones)}'
        "</md:EntitiesDescriptor>"
    )


def deep(*, times: int = 1_100, leaves: int = 0) -> str:
    """Write metadata that are dear to canonicalize; the defaults are more than is allowed."""
    names = range(18)
    inside = "".join(f'<p{n}:a xmlns:p{n}="urn:{n}">' for n in names) + "<p0:b/>" * leaves
    inside += "".join(f"</p{n}:a>" for n in reversed(names))
    extensions = f"<md:Extensions>{inside * times}</md:Extensions>"
    return described().replace("<md:IDPSSODescriptor", f"{extensions}<md:IDPSSODescriptor")


def read(xml: str | bytes, **changes: object) -> metadata.Described:
    raw = xml.encode() if isinstance(xml, str) else xml
    return metadata.read(raw, **{"signer": None, "now": NOW, **changes})


def refusal(xml: str | bytes, **changes: object) -> str:
    with pytest.raises(Refused) as refused:
        read(xml, **changes)
    return refused.value.reason


def test_ours_fit_the_schema_and_name_every_key_for_both_uses():
    both = service("plinto", "older")

    xml = metadata.published(both, now=NOW)

    root = etree.fromstring(xml)
    found = [
        (node.get("use"), "".join(node.itertext()).strip())
        for node in root.iter("{*}KeyDescriptor")
    ]
    assert found == [
        (use, key.certificate) for key in both.keys for use in ("signing", "encryption")
    ]
    assert OneLogin_Saml2_XML.validate_xml(root, "saml-schema-metadata-2.0.xsd") is root
    assert root.find("{*}SPSSODescriptor/{*}AssertionConsumerService").get("Location") == (
        f"{BASE}/acs"
    )


def test_ours_are_signed_by_the_first_key_and_say_the_same_when_nothing_changed():
    both = service("plinto", "older")
    first, later = (metadata.published(both, now=NOW + timedelta(days=days)) for days in (0, 1))

    root, path = etree.fromstring(first), "/md:EntityDescriptor/ds:Signature"
    assert library.is_signed_by(root, path, certificates=[both.keys[0].certificate])
    assert not library.is_signed_by(root, path, certificates=[both.keys[1].certificate])
    assert first == later
    assert root.get("validUntil") is None


def test_ours_may_end():
    xml = metadata.published(service(), now=NOW, valid_for=timedelta(days=7))

    assert f'validUntil="{moment(NOW + timedelta(days=7))}"'.encode() in xml


def test_theirs_say_where_to_go_and_whom_to_believe():
    xml = described(
        certificate(key_of("idp")),
        certificate(key_of("idp, next"), use=""),
        certificate(key_of("stranger"), use='use="encryption"'),
        endpoint("SingleLogoutService", "https://idp.corp.example/slo", POST,
                 'ResponseLocation="https://idp.corp.example/slo/answer"'),
        endpoint("SingleSignOnService", "https://idp.corp.example/posted", POST),
        endpoint("SingleSignOnService", SSO),
        more=f'validUntil="{moment(NOW + timedelta(days=7))}"',
    )  # fmt: skip

    found = read(xml)

    idp = found.provider
    assert (idp.entity_id, idp.sso_url, idp.sso_binding) == (PROVIDER, SSO, "redirect")
    assert idp.certificates == (key_of("idp").certificate, key_of("idp, next").certificate)
    assert (idp.slo_url, idp.slo_binding) == ("https://idp.corp.example/slo", "post")
    assert idp.slo_answer_url == "https://idp.corp.example/slo/answer"
    assert found.valid_until == NOW + timedelta(days=7)
    assert found.certificates_end_at > NOW + timedelta(days=300)
    assert found.findings == ()


def test_one_of_several_is_chosen_by_its_entity_id():
    xml = together(
        described(identifier="_a"), described(entity_id="https://b.example", identifier="_b")
    )

    assert refusal(xml).startswith("metadata: describes several")
    assert read(xml, entity_id="https://b.example").provider.entity_id == "https://b.example"
    assert refusal(xml, entity_id="https://c.example").startswith("metadata: describes no")


@pytest.mark.parametrize("signed", ["_md", "_all"])
def test_a_signature_of_the_whole_or_of_the_part_is_believed(signed):
    signer = key_of("federation")
    root = etree.fromstring(together(described(), described(entity_id="urn:b", identifier="_b")))
    sign_metadata(root, identifier=signed, key=signer)

    found = read(etree.tostring(root), signer=signer.certificate, entity_id=PROVIDER)

    assert found.is_signed


def test_metadata_are_refused_unless_the_key_that_is_set_signed_them():
    signer = key_of("federation")
    asked = {"signer": signer.certificate, "entity_id": PROVIDER}
    root = etree.fromstring(together(described(), described(entity_id="urn:b", identifier="_b")))

    assert refusal(etree.tostring(root), **asked).startswith("signature: metadata are not signed")
    sign_metadata(root, identifier="_b", key=signer)
    assert refusal(etree.tostring(root), **asked).startswith("signature: metadata are not signed")
    sign_metadata(root, identifier="_md", key=key_of("stranger"))
    assert refusal(etree.tostring(root), **asked).startswith("signature: metadata are not by")


def test_metadata_that_changed_after_signing_are_refused():
    signer = key_of("federation")
    root = etree.fromstring(described())
    sign_metadata(root, identifier="_md", key=signer)
    xml = etree.tostring(root).replace(SSO.encode(), b"https://evil.example/sso")

    assert refusal(xml, signer=signer.certificate).startswith("signature: metadata are not by")


def test_metadata_signed_by_sha_1_are_refused():
    signer = key_of("federation")
    root = etree.fromstring(described())
    sign_metadata(root, identifier="_md", key=signer, is_old=True)

    reason = refusal(etree.tostring(root), signer=signer.certificate)

    assert reason.startswith(
        "signature form: algorithm «http://www.w3.org/2000/09/xmldsig#rsa-sha1»"
    )


def test_metadata_with_two_signatures_in_one_part_are_refused():
    signer = key_of("federation")
    root = etree.fromstring(described())
    for key in (key_of("stranger"), signer):
        sign_metadata(root, identifier="_md", key=key)

    assert refusal(etree.tostring(root), signer=signer.certificate).startswith("signature form:")


def test_a_provider_has_one_role_and_a_few_keys():
    sign_in = endpoint("SingleSignOnService", SSO)
    role = f"{certificate(key_of('idp'))}{sign_in}"
    another = f'</md:IDPSSODescriptor><md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">'
    many = [certificate(key_of("idp")).replace("MII", "MII" * number) for number in range(1, 12)]

    assert refusal(described(role, another, role)).startswith("metadata: not exactly one role")
    assert refusal(described(*many, sign_in)).startswith("certificate: more than ten")


def test_weak_keys_are_left_out_and_refused_when_there_is_no_other():
    weak = certificate(key_of("weak", kind="rsa1024"))
    sign_in = endpoint("SingleSignOnService", SSO)

    assert refusal(described(weak, sign_in)).startswith("certificate: none for signing")
    found = read(described(weak, certificate(key_of("idp, ec256", kind="ec256")), sign_in))
    assert found.provider.certificates == (key_of("idp, ec256", kind="ec256").certificate,)
    assert found.findings[0].startswith("A certificate is left out")


def test_what_is_amiss_is_said_in_plain_words():
    expired = certificate(key_of("idp, expired", days=-1))
    found = read(
        described(
            expired,
            endpoint("SingleSignOnService", "http://idp.corp.example/sso"),
            endpoint("SingleLogoutService", SSO, "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"),
            more=f'validUntil="{moment(NOW - timedelta(days=1))}"',
        )
    )

    assert [finding.split(" ")[0:3] for finding in found.findings] == [
        ["All", "its", "certificates"],
        ["Its", "SingleSignOnService", "is"],
        ["Its", "sign-out", "address"],
        ["These", "metadata", "were"],
    ]


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/sso",
        "",
        "https://",
        "https://user:password@idp.corp.example/",
        "https://idp.corp.example/#fragment",
        "https://idp.corp.example/a b",
        "https://idp.corp.example/&#13;&#10;Location: x",
        "https://idp.corp.example/" + "a" * 2048,
    ],
)
def test_an_address_that_is_not_of_the_web_is_refused(address):
    xml = described(certificate(key_of("idp")), endpoint("SingleSignOnService", address))

    assert refusal(xml).startswith("metadata: SingleSignOnService")


@pytest.mark.parametrize(
    ("xml", "check"),
    [
        (b"", "document"),
        (b"hello", "document"),
        (b"<html/>", "metadata"),
        (described().encode().ljust(1024 * 1024 + 1), "size"),
        (f"<!DOCTYPE a [<!ENTITY e0 'x'>{BOMB}]>{described()}".encode(), "document"),
        (described("").encode(), "certificate"),
        (described(certificate(key_of("idp"))).encode(), "metadata"),
        (described(entity_id="").encode(), "metadata"),
        (described(more='validUntil="soon"').encode(), "metadata"),
        (described().replace(SAMLP, "urn:oasis:names:tc:SAML:1.1:protocol").encode(), "metadata"),
        (OneLogin_Saml2_Metadata.builder({"entityId": "x", "NameIDFormat": "y",
            "assertionConsumerService": {"url": SSO, "binding": POST}}).encode(), "metadata"),
    ],
    ids=["empty", "not XML", "not metadata", "1 MB", "entity bomb", "no certificate", "no address",
         "no name", "no moment", "SAML 1.1", "of a service provider"],
)  # fmt: skip
def test_what_describes_no_provider_is_refused(xml, check):
    assert refusal(xml).split(":")[0] == check
