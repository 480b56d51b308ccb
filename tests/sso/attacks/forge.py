"""
Every attack on an assertion that is known here, made from what one connection expects.

Each is named for what it is. Those that need the provider's own signature are signed with its key:
they show what must not be accepted even from a provider that is careless or tricked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import xmlsec
from lxml import etree

from sso.facts import KeyPair, ServiceProvider
from sso.protocols.saml.checks import Check
from tests.sso.attacks import hostile
from tests.sso.attacks.signing import (
    DS,
    Signer,
    Told,
    assertion_of,
    form,
    good,
    key_of,
    moment,
)
from tests.sso.attacks.signing import every as all_of
from tests.sso.attacks.wrapping import EVIL, FORMS

_ELSEWHERE = "https://other.example/sso/saml/other"
# What is wrapped stands where no schema has a place for it, or under a name that is there twice.
_SEEN_BY = {
    "XSW 1": Check.RESPONSE,
    "XSW 2": Check.RESPONSE,
    "XSW 4": Check.RESPONSE,
    "XSW 6": Check.RESPONSE,
    "XSW 7": Check.IDENTIFIERS,
}


@dataclass(frozen=True)
class Attack:
    """One form value that must be refused, and the check that is to see it."""

    name: str
    form_value: str
    check: Check


def attacks(
    sp: ServiceProvider, issuer: str, key: KeyPair, *, request_id: str, now: datetime
) -> list[tuple[str, str]]:
    """
    Return names and form values for a connection with a pending request.

    ``key`` is the provider's, whose entity id is ``issuer``.
    """
    told = Told(sp=sp, issuer=issuer, request_id=request_id, now=now)
    return [(attack.name, attack.form_value) for attack in every(told, key)]


def every(told: Told, key: KeyPair) -> Iterator[Attack]:
    """Make all of them; the check of each is the one that must refuse it."""
    for group in (_malformed, _wrapped, _unsigned, _transformed, _encrypted, _lies, _moments):
        for name, check, document in group(told, key):
            value = document if isinstance(document, str) else form(document)
            yield Attack(name, value, check)


Found = Iterator[tuple[str, Check, str | bytes | etree._Element]]


def _malformed(told: Told, key: KeyPair) -> Found:
    xml = etree.tostring(good(told, key))
    yield "empty", Check.ENCODING, ""
    yield "not base64", Check.ENCODING, "%%% not base64 %%%"
    yield "10 MB", Check.SIZE, "A" * 10_000_000
    yield "200 kB document", Check.SIZE, xml.ljust(200 * 1024, b" ")
    yield "truncated", Check.DOCUMENT, xml[: len(xml) // 2]
    yield "truncated base64", Check.ENCODING, form(xml)[: len(form(xml)) // 2 * 2 - 1]
    yield "not XML", Check.DOCUMENT, b"hello"
    yield "another message", Check.RESPONSE, b'<a xmlns="urn:x"/>'
    yield "NUL", Check.DOCUMENT, xml.replace(b"ada@", b"ada\x00@")
    yield "lone surrogate", Check.DOCUMENT, xml.replace(b"ada@", b"ada\xed\xa0\x80@")
    yield "DTD", Check.DOCUMENT, hostile.with_head(xml, "<!DOCTYPE a>")
    for encoding in ("utf-8", "utf-16"):
        bomb = f'<!DOCTYPE a [<!ENTITY e0 "ha">{hostile.BOMB}]>'
        body = xml.replace(b"ada@corp.example", b"&e9;")
        document = hostile.with_head(body, bomb, encoding=encoding)
        yield f"entity bomb, {encoding}", Check.DOCUMENT, document
    outside = '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///dev/zero"> %x;]>'
    yield "external entity", Check.DOCUMENT, hostile.with_head(xml, outside)
    yield "undeclared entity", Check.DOCUMENT, xml.replace(b"ada@", b"ada&x;@")
    yield "comment in NameID", Check.DOCUMENT, hostile.commented(told, key)
    instruction = xml.replace(b"ada@", b"ada<?x y?>@")
    yield "processing instruction", Check.DOCUMENT, instruction
    yield "10,000 deep", Check.DOCUMENT, b"<a>" * 10_000 + b"</a>" * 10_000
    yield "200 deep", Check.DOCUMENT, b"<a>" * 200 + b"</a>" * 200
    yield "20,000 elements", Check.DOCUMENT, b"<a>" + b"<b/>" * 20_000 + b"</a>"
    prefixes = "".join(f' xmlns:p{n}="urn:{n}"' for n in range(3_000)).encode()
    yield "3,000 prefixes", Check.DOCUMENT, b"<a" + prefixes + b">" + b"<b/>" * 4_000 + b"</a>"
    yield "duplicate ids", Check.IDENTIFIERS, hostile.twice(good(told, key))
    other = b'xml:id="_other" ID="_assertion"'
    yield "xml:id", Check.IDENTIFIERS, xml.replace(b'ID="_assertion"', other)


def _wrapped(told: Told, key: KeyPair) -> Found:
    for name, (wrap, signed) in FORMS.items():
        check = _SEEN_BY.get(name, Check.ASSERTIONS)
        yield name, check, wrap(good(told, key, signs=(signed,)))


def _unsigned(told: Told, key: KeyPair) -> Found:
    evil = told.but(name_id=EVIL)
    stranger = key_of("stranger")
    yield "signature stripped", Check.SIGNATURE, evil.tree()
    yield "signed by another key, key in KeyInfo", Check.SIGNATURE, good(evil, stranger)
    response = good(told, key)
    all_of(response, "NameID")[0].text = EVIL
    yield "changed after signing", Check.SIGNATURE, response
    response = good(told, key, signs=("Response",))
    Signer(stranger).sign(assertion_of(response))
    yield "assertion signed anew by another key", Check.SIGNATURE, response
    for name, method in (
        ("SHA-1 signature", {"method": xmlsec.Transform.RSA_SHA1}),
        ("SHA-1 digest", {"digest": xmlsec.Transform.SHA1}),
    ):
        response = told.tree()
        Signer(key, **method).sign(assertion_of(response))
        yield name, Check.SIGNATURE_FORM, response
    yield "HMAC with the certificate", Check.SIGNATURE_FORM, hostile.by_hmac(evil, key)
    unsigned = hostile.changed(
        told, key, "SignatureMethod", lambda method: method.set("Algorithm", "none")
    )
    yield "algorithm none", Check.SIGNATURE_FORM, unsigned
    response = good(told, key)
    signature = all_of(response, "Signature")[0]
    signature.addnext(etree.fromstring(etree.tostring(signature)))
    yield "two signatures", Check.RESPONSE, response
    response = good(told, key)
    all_of(response, "Status")[0].append(all_of(response, "Signature")[0])
    yield "signature elsewhere", Check.RESPONSE, response


def _transformed(told: Told, key: KeyPair) -> Found:
    check = Check.SIGNATURE_FORM
    canonical = f'<Transform xmlns="{DS}" Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    yield "XSLT transform", check, hostile.with_transform(told, key, hostile.XSLT)
    yield "500 transforms", check, hostile.with_transform(told, key, canonical, times=500)
    yield "XPath transform", check, hostile.without_subject(told, key, EVIL)

    def add(tag: str, xml: str) -> etree._Element:
        return hostile.changed(told, key, tag, lambda node: node.append(etree.fromstring(xml)))

    yield "second reference, file://", check, add("SignedInfo", hostile.REFERENCE)
    yield "RetrievalMethod", check, add("KeyInfo", hostile.RETRIEVAL)
    for uri in ("", "#_assertion", "#xpointer(/)", "file:///dev/zero"):
        yield (
            f"reference to {uri or 'nothing'}",
            check,
            hostile.changed(told, key, "Reference", lambda node, uri=uri: node.set("URI", uri)),
        )


def _encrypted(told: Told, key: KeyPair) -> Found:
    ours = told.sp.keys[0].certificate
    other, check = key_of("stranger").certificate, Check.ENCRYPTION
    evil = told.but(name_id=EVIL)
    yield "encrypted to another key", Check.DECRYPTION, hostile.sealed(told, key, other)
    nobody = hostile.sealed(evil, key, ours, signs=())
    yield "unsigned inside encrypted", Check.SIGNATURE, nobody
    stranger = hostile.sealed(evil, key_of("stranger"), ours, signs=("Assertion",))
    yield "signed by another key inside encrypted", Check.SIGNATURE, stranger
    for name, change in (
        ("CipherReference", hostile.by_reference),
        ("RetrievalMethod of a cipher", hostile.by_retrieval),
    ):
        yield name, check, hostile.sealed(told, key, ours, change=change)
    loose = {"method": xmlsec.Transform.AES128, "bits": 128, "signs": ("Assertion",)}
    yield "AES-CBC, response unsigned", check, hostile.sealed(told, key, ours, **loose)
    old = {"method": xmlsec.Transform.DES3, "bits": 192}
    yield "3DES", check, hostile.sealed(told, key, ours, **old)
    guessed = {"transport": xmlsec.Transform.RSA_PKCS1}
    yield "RSA PKCS 1 v1.5", check, hostile.sealed(told, key, ours, **guessed)


def _lies(told: Told, key: KeyPair) -> Found:
    acs, audience = told.sp.acs_url, "<saml:Audience>{}</saml:Audience>".format
    restricted = "<saml:AudienceRestriction>{}</saml:AudienceRestriction>".format
    ours, other = restricted(audience(told.sp.entity_id)), restricted(audience(_ELSEWHERE))
    failed = "urn:oasis:names:tc:SAML:2.0:status:Responder"
    lies: dict[str, tuple[Check, dict[str, object]]] = {
        "denied by the provider": (Check.STATUS, {"status": failed}),
        "another issuer": (Check.ISSUER, {"issuer": "https://evil.example"}),
        "issuer with a suffix": (Check.ISSUER, {"issuer": f"{told.issuer}.evil.example"}),
        "wrong audience": (Check.AUDIENCE, {"audiences": other}),
        "second audience restriction": (Check.AUDIENCE, {"audiences": ours + other}),
        "missing audience": (Check.AUDIENCE, {"audiences": ""}),
        "wrong destination": (Check.DESTINATION, {"destination": f'Destination="{_ELSEWHERE}"'}),
        "destination begins with ours": (
            Check.DESTINATION,
            {"destination": f'Destination="{acs}.evil.example/"'},
        ),
        "missing destination": (Check.DESTINATION, {"destination": ""}),
        "wrong recipient": (Check.RECIPIENT, {"recipient": f'Recipient="{_ELSEWHERE}"'}),
        "recipient contains ours": (
            Check.RECIPIENT,
            {"recipient": f'Recipient="https://evil.example/?{acs}"'},
        ),
        "missing recipient": (Check.RECIPIENT, {"recipient": ""}),
        "unsolicited": (Check.IN_RESPONSE_TO, {"request_id": None}),
        "answer to another request": (Check.IN_RESPONSE_TO, {"request_id": "_other"}),
        "InResponseTo stripped from the response": (
            Check.IN_RESPONSE_TO,
            {"request_id": "_other", "answers": ""},
        ),
        "InResponseTo stripped from the confirmation": (Check.IN_RESPONSE_TO, {"confirms": ""}),
        "CR and LF in NameID": (Check.SUBJECT, {"name_id": "ada@corp.example&#13;&#10;Bcc: x"}),
        "100 kB NameID": (Check.SUBJECT, {"name_id": "a" * 100_000}),
        "empty NameID": (Check.SUBJECT, {"name_id": ""}),
        "transient NameID": (
            Check.SUBJECT,
            {"name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
        ),
        "CR and LF in an attribute": (
            Check.ATTRIBUTES,
            {"attributes": (("mail", ("ada@corp.example&#13;&#10;Bcc: x",)),)},
        ),
    }
    for name, (check, changes) in lies.items():
        yield name, check, good(told.but(**changes), key)
    yield "other connection's assertion", Check.DESTINATION, good(_for_another(told), key)
    response = told.tree()
    name = all_of(response, "NameID")[0]
    name.addnext(etree.fromstring(etree.tostring(name).replace(b"ada@", b"eve@")))
    Signer(key).sign(response)
    yield "two names", Check.RESPONSE, response


def _for_another(told: Told) -> Told:
    sp = ServiceProvider(
        entity_id=f"{_ELSEWHERE}/metadata", acs_url=f"{_ELSEWHERE}/acs", sls_url="", keys=()
    )
    return told.but(sp=sp)


def _moments(told: Told, key: KeyPair) -> Found:
    past, future = (moment(told.now + timedelta(minutes=minutes)) for minutes in (-5, 5))
    until: Callable[[str], str] = 'NotOnOrAfter="{}"'.format
    lies: dict[str, tuple[Check, dict[str, object]]] = {
        "expired": (Check.VALIDITY, {"limits": until(past)}),
        "expired confirmation": (Check.VALIDITY, {"confirmation_limits": until(past)}),
        "conditions without expiry": (Check.VALIDITY, {"limits": ""}),
        "confirmation without expiry": (Check.VALIDITY, {"confirmation_limits": ""}),
        "not yet valid": (
            Check.VALIDITY,
            {"limits": f'NotBefore="{future}" {until(moment(told.now + timedelta(hours=1)))}'},
        ),
        "a year old": (Check.AGE, {"made_at": told.now - timedelta(days=365)}),
        "made tomorrow": (Check.AGE, {"made_at": told.now + timedelta(days=1)}),
        "proved tomorrow": (Check.AUTHENTICATION, {"proved_at": told.now + timedelta(days=1)}),
        "another time zone": (Check.VALIDITY, {"limits": until(f"{future[:-1]}+05:00")}),
    }
    for name, (check, changes) in lies.items():
        yield name, check, good(told.but(**changes), key)
