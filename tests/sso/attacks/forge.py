"""
Every attack on an assertion that is known here, made from what one connection expects.

Each is named for what it is. Those that need the provider's own signature are signed with its key:
they show what must not be accepted even from a provider that is careless or tricked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import xmlsec
from lxml import etree

from sso.facts import KeyPair, ServiceProvider
from tests.sso.attacks import hostile, odd
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


def attacks(
    sp: ServiceProvider, issuer: str, key: KeyPair, *, request_id: str, now: datetime
) -> list[tuple[str, str]]:
    """
    Return names and form values for a connection with a pending request.

    ``key`` is the provider's, whose entity id is ``issuer``. ``table.SEEN_BY`` says for each name
    which check must refuse it.
    """
    told = Told(sp=sp, issuer=issuer, request_id=request_id, now=now)
    return [
        (name, document if isinstance(document, str) else form(document))
        for group in (
            _malformed, _wrapped, _unsigned, _transformed, odd.signed, _encrypted, odd.encrypted,
            _lies, odd.told, _moments, _mapped,
        )
        for name, document in group(told, key)
    ]  # fmt: skip


Found = Iterator[tuple[str, str | bytes | etree._Element]]


def _malformed(told: Told, key: KeyPair) -> Found:
    xml = etree.tostring(good(told, key))
    yield "empty", ""
    yield "not base64", "%%% not base64 %%%"
    yield "10 MB", "A" * 10_000_000
    yield "200 kB document", xml.ljust(200 * 1024, b" ")
    yield "truncated", xml[: len(xml) // 2]
    yield "comment before the root", b"<!-- -->" + xml
    yield "Latin-1", b'<?xml version="1.0" encoding="ISO-8859-1"?>' + xml
    yield "truncated base64", form(xml)[: len(form(xml)) // 2 * 2 - 1]
    yield "not XML", b"hello"
    yield "another message", b'<a xmlns="urn:x"/>'
    yield "NUL", xml.replace(b"ada@", b"ada\x00@")
    yield "lone surrogate", xml.replace(b"ada@", b"ada\xed\xa0\x80@")
    yield "DTD", hostile.with_head(xml, "<!DOCTYPE a>")
    for encoding in ("utf-8", "utf-16"):
        bomb = f'<!DOCTYPE a [<!ENTITY e0 "ha">{hostile.BOMB}]>'
        body = xml.replace(b"ada@corp.example", b"&e9;")
        document = hostile.with_head(body, bomb, encoding=encoding)
        yield f"entity bomb, {encoding}", document
    outside = '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///dev/zero"> %x;]>'
    yield "external entity", hostile.with_head(xml, outside)
    yield "undeclared entity", xml.replace(b"ada@", b"ada&x;@")
    yield "comment in NameID", hostile.commented(told, key)
    instruction = xml.replace(b"ada@", b"ada<?x y?>@")
    yield "processing instruction", instruction
    yield "10,000 deep", b"<a>" * 10_000 + b"</a>" * 10_000
    yield "200 deep", b"<a>" * 200 + b"</a>" * 200
    yield "20,000 elements", b"<a>" + b"<b/>" * 20_000 + b"</a>"
    prefixes = "".join(f' xmlns:p{n}="urn:{n}"' for n in range(3_000)).encode()
    yield "3,000 prefixes", b"<a" + prefixes + b">" + b"<b/>" * 4_000 + b"</a>"
    yield "duplicate ids", hostile.twice(good(told, key))
    nameless = xml.replace(b'ID="_response"', b"ID=\"_response' or '1\"")
    yield "identifier that is an expression", nameless
    other = b'xml:id="_other" ID="_assertion"'
    yield "xml:id", xml.replace(b'ID="_assertion"', other)


def _wrapped(told: Told, key: KeyPair) -> Found:
    for name, (wrap, signed) in FORMS.items():
        yield name, wrap(good(told, key, signs=(signed,)))


def _unsigned(told: Told, key: KeyPair) -> Found:
    evil = told.but(name_id=EVIL)
    stranger = key_of("stranger")
    yield "signature stripped", evil.tree()
    yield "signed by another key, key in KeyInfo", good(evil, stranger)
    crowd = evil.but(attributes=tuple((f"g{n}", ("v",) * 40) for n in range(45)))
    yield "as large as it may be, by another key", good(crowd, stranger)
    response = good(told, key)
    all_of(response, "NameID")[0].text = EVIL
    yield "changed after signing", response
    response = good(told, key, signs=("Response",))
    Signer(stranger).sign(assertion_of(response))
    yield "assertion signed anew by another key", response
    for name, method in (
        ("SHA-1 signature", {"method": xmlsec.Transform.RSA_SHA1}),
        ("SHA-1 digest", {"digest": xmlsec.Transform.SHA1}),
    ):
        response = told.tree()
        Signer(key, **method).sign(assertion_of(response))
        yield name, response
    yield "HMAC with the certificate", hostile.by_hmac(evil, key)
    unsigned = hostile.changed(
        told, key, "SignatureMethod", lambda method: method.set("Algorithm", "none")
    )
    yield "algorithm none", unsigned
    response = good(told, key)
    signature = all_of(response, "Signature")[0]
    signature.addnext(etree.fromstring(etree.tostring(signature)))
    yield "two signatures", response
    response = good(told, key)
    all_of(response, "Status")[0].append(all_of(response, "Signature")[0])
    yield "signature elsewhere", response


def _transformed(told: Told, key: KeyPair) -> Found:
    canonical = f'<Transform xmlns="{DS}" Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    yield "XSLT transform", hostile.with_transform(told, key, hostile.XSLT)
    yield "500 transforms", hostile.with_transform(told, key, canonical, times=500)
    in_two = hostile.without_subject_in_two(told, key, EVIL)
    yield "XPath instead of the enveloped transform", in_two
    yield "XPath transform", hostile.without_subject(told, key, EVIL)

    def add(tag: str, xml: str) -> etree._Element:
        return hostile.changed(told, key, tag, lambda node: node.append(etree.fromstring(xml)))

    yield "second reference, file://", add("SignedInfo", hostile.REFERENCE)
    yield "RetrievalMethod", add("KeyInfo", hostile.RETRIEVAL)
    for uri in ("", "#_assertion", "#xpointer(/)", "file:///dev/zero"):
        yield (
            f"reference to {uri or 'nothing'}",
            hostile.changed(told, key, "Reference", lambda node, uri=uri: node.set("URI", uri)),
        )


def _encrypted(told: Told, key: KeyPair) -> Found:
    ours = told.sp.keys[0].certificate
    other = key_of("stranger").certificate
    evil = told.but(name_id=EVIL)
    yield "encrypted to another key", hostile.sealed(told, key, other)
    nobody = hostile.sealed(evil, key, ours, signs=())
    yield "unsigned inside encrypted", nobody
    stranger = hostile.sealed(evil, key_of("stranger"), ours, signs=("Assertion",))
    yield "signed by another key inside encrypted", stranger
    for name, change in (
        ("CipherReference", hostile.by_reference),
        ("RetrievalMethod of a cipher", hostile.by_retrieval),
    ):
        yield name, hostile.sealed(told, key, ours, change=change)
    loose = {"method": xmlsec.Transform.AES128, "bits": 128, "signs": ("Assertion",)}
    yield "AES-CBC, response unsigned", hostile.sealed(told, key, ours, **loose)
    old = {"method": xmlsec.Transform.DES3, "bits": 192}
    yield "3DES", hostile.sealed(told, key, ours, **old)
    guessed = {"transport": xmlsec.Transform.RSA_PKCS1}
    yield "RSA PKCS 1 v1.5", hostile.sealed(told, key, ours, **guessed)


def _lies(told: Told, key: KeyPair) -> Found:
    acs, audience = told.sp.acs_url, "<saml:Audience>{}</saml:Audience>".format
    restricted = "<saml:AudienceRestriction>{}</saml:AudienceRestriction>".format
    ours, other = restricted(audience(told.sp.entity_id)), restricted(audience(_ELSEWHERE))
    failed = "urn:oasis:names:tc:SAML:2.0:status:Responder"
    lies: dict[str, dict[str, object]] = {
        "denied by the provider": {"status": failed},
        "SAML 1.1": {"version": "1.1"},
        "another issuer": {"issuer": "https://evil.example"},
        "issuer with a suffix": {"issuer": f"{told.issuer}.evil.example"},
        "wrong audience": {"audiences": other},
        "second audience restriction": {"audiences": ours + other},
        "missing audience": {"audiences": ""},
        "wrong destination": {"destination": f'Destination="{_ELSEWHERE}"'},
        "destination begins with ours": {"destination": f'Destination="{acs}.evil.example/"'},
        "missing destination": {"destination": ""},
        "wrong recipient": {"recipient": f'Recipient="{_ELSEWHERE}"'},
        "recipient contains ours": {"recipient": f'Recipient="https://evil.example/?{acs}"'},
        "missing recipient": {"recipient": ""},
        "unsolicited": {"request_id": None},
        "answer to another request": {"request_id": "_other"},
        "InResponseTo stripped from the response": {"request_id": "_other", "answers": ""},
        "InResponseTo stripped from the confirmation": {"confirms": ""},
        "CR and LF in NameID": {"name_id": "ada@corp.example&#13;&#10;Bcc: x"},
        "100 kB NameID": {"name_id": "a" * 100_000},
        "empty NameID": {"name_id": ""},
        "transient NameID": {"name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
        "CR and LF in an attribute": {
            "attributes": (("mail", ("ada@corp.example&#13;&#10;Bcc: x",)),)
        },
    }
    for name, changes in lies.items():
        yield name, good(told.but(**changes), key)
    yield "other connection's assertion", good(_for_another(told), key)
    response = told.tree()
    name = all_of(response, "NameID")[0]
    name.addnext(etree.fromstring(etree.tostring(name).replace(b"ada@", b"eve@")))
    Signer(key).sign(response)
    yield "two names", response


def _for_another(told: Told) -> Told:
    sp = ServiceProvider(
        entity_id=f"{_ELSEWHERE}/metadata", acs_url=f"{_ELSEWHERE}/acs", sls_url="", keys=()
    )
    return told.but(sp=sp)


def _moments(told: Told, key: KeyPair) -> Found:
    past, future = (moment(told.now + timedelta(minutes=minutes)) for minutes in (-5, 5))
    until: Callable[[str], str] = 'NotOnOrAfter="{}"'.format
    lies: dict[str, dict[str, object]] = {
        "expired": {"limits": until(past)},
        "expired confirmation": {"confirmation_limits": until(past)},
        "conditions without expiry": {"limits": ""},
        "confirmation without expiry": {"confirmation_limits": ""},
        "not yet valid": {
            "limits": f'NotBefore="{future}" {until(moment(told.now + timedelta(hours=1)))}'
        },
        "a year old": {"made_at": told.now - timedelta(days=365)},
        "made tomorrow": {"made_at": told.now + timedelta(days=1)},
        "proved tomorrow": {"proved_at": told.now + timedelta(days=1)},
        "another time zone": {"limits": until(f"{future[:-1]}+05:00")},
    }
    for name, changes in lies.items():
        yield name, good(told.but(**changes), key)


def _mapped(told: Told, key: KeyPair) -> Found:
    """What holds as an assertion, so it is consumed, and must not be made sense of: the last."""
    addresses = (("mail", ("ada@corp.example", EVIL)),)
    yield "two addresses", good(told.but(attributes=addresses), key)
