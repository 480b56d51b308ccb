"""Rare forms that the standards allow, and that hide something from whoever does not look."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from tests.sso.attacks import hostile
from tests.sso.attacks.signing import DS, XENC, KeyPair, Signer, Told, assertion_of, every, good

Change = Callable[[etree._Element], object]
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def changed_before_signing(told: Told, key: KeyPair, change: Change) -> etree._Element:
    """Change an assertion, then sign it: its provider says something odd."""
    response = told.tree()
    change(response)
    Signer(key).sign(assertion_of(response))
    return response


def shaped(told: Told, key: KeyPair, change: Change) -> etree._Element:
    """Sign an assertion by a signature that is odd itself, and holds."""
    response = told.tree()
    Signer(key, shape=change).sign(assertion_of(response))
    return response


def _part(response: etree._Element, local: str) -> str:
    return etree.tostring(every(response, local)[0], with_tail=False).decode()


def _photo(told: Told, xml: str) -> Told:
    """Let an attribute have XML as its value, which a schema allows."""
    return told.but(attributes=(("photo", (xml,)),))


def signed(told: Told, key: KeyPair) -> Iterator[tuple[str, etree._Element]]:
    """Signatures that hold and mean something else than they seem to."""
    elsewhere = told.but(assertion_id="_elsewhere", response_id="_beside")
    photo = _photo(told, _part(good(elsewhere, key), "Signature"))
    yield "signature within an attribute", changed_before_signing(photo, key, lambda _: None)
    for name, local, algorithm in (
        ("inclusive canonicalization of the signature", "CanonicalizationMethod", _INCLUSIVE),
        ("canonicalization with comments", "CanonicalizationMethod", f"{_EXCLUSIVE}WithComments"),
    ):
        yield name, shaped(told, key, _set(local, 0, "Algorithm", algorithm))
    inclusive = _set("Transform", 1, "Algorithm", _INCLUSIVE)
    yield "inclusive canonicalization of the assertion", shaped(told, key, inclusive)
    yield "no canonicalization of the assertion", shaped(told, key, _drop("Transform", 1))
    prefixes = " ".join(f"p{number}" for number in range(100))
    for name, parameter in (
        ("300 letters of prefixes", f'<InclusiveNamespaces PrefixList="{prefixes}"/>'),
        ("unknown parameter of canonicalization", "<Other/>"),
    ):
        xml = parameter.replace("/>", f' xmlns="{_EXCLUSIVE}"/>')
        yield name, hostile.changed(told, key, "Signature", _add_to("Transform", 1, xml))
    length = f'<HMACOutputLength xmlns="{DS}">1</HMACOutputLength>'
    yield "HMAC output length", hostile.changed(told, key, "SignatureMethod", _add(length))
    yield "enveloping", hostile.changed(told, key, "Signature", _add(f'<Object xmlns="{DS}"/>'))


def encrypted(told: Told, key: KeyPair) -> Iterator[tuple[str, etree._Element]]:
    """Ciphers with odd parameters, and odd things within them."""
    ours = told.sp.keys[0].certificate
    elsewhere = told.but(assertion_id="_elsewhere", response_id="_beside")
    photo = _photo(told, _part(good(elsewhere, key), "Signature"))
    yield "signature within an encrypted attribute", hostile.sealed(photo, key, ours)
    photo = _photo(told, _part(hostile.sealed(elsewhere, key, ours), "EncryptedData"))
    yield "cipher within an encrypted attribute", hostile.sealed(photo, key, ours)
    yield "cipher within an attribute", changed_before_signing(photo, key, lambda _: None)
    yield "SAML 1.1, encrypted", hostile.sealed(told.but(version="1.1"), key, ours)
    content = _set("EncryptedData", 0, "Type", f"{XENC}Content")
    yield "cipher of content", hostile.sealed(told, key, ours, change=content)
    for name, parameter in (
        ("MD5 in OAEP", f'<DigestMethod xmlns="{DS}" Algorithm="{DS}md5"/>'),
        ("parameters of OAEP", f'<OAEPparams xmlns="{XENC}">AAAA</OAEPparams>'),
    ):
        yield (
            name,
            hostile.sealed(told, key, ours, change=_add_to("EncryptionMethod", 1, parameter)),
        )
    two = hostile.sealed(told, key, ours, change=_double("EncryptedKey"))
    yield "two keys of a cipher", two


def told(told: Told, key: KeyPair) -> Iterator[tuple[str, etree._Element]]:
    """Statements that a schema allows and nobody sends."""
    unknown = (
        f'<saml:Condition xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xsi="{_XSI}"'
        ' xsi:type="saml:OneTimeUseType"/>'
    )
    persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    changes: dict[str, Change] = {
        "condition that is not understood": _add_to("Conditions", 0, unknown),
        "issuer that is a person": _set("Issuer", 1, "Format", persistent),
        "no name": _drop("NameID", 0),
        "name for another service provider": _set("NameID", 0, "SPNameQualifier", "urn:other"),
        "qualifier of 2 kB": _set("NameID", 0, "NameQualifier", "a" * 2048),
        "SessionIndex of 300 letters": _set("AuthnStatement", 0, "SessionIndex", "a" * 300),
        "session at the provider that has ended": _set(
            "AuthnStatement", 0, "SessionNotOnOrAfter", "2020-01-01T00:00:00Z"
        ),
        "attribute name of 600 letters": _set("Attribute", 0, "Name", "a" * 600),
    }
    for name, change in changes.items():
        yield name, changed_before_signing(told, key, change)
    for name, values in {
        "attribute of 5 kB": ("a" * 5000,),
        "2,500 values": ("a",) * 2_500,
    }.items():
        wordy = told.but(attributes=(("groups", values),))
        yield name, changed_before_signing(wordy, key, lambda _: None)


def _set(local: str, number: int, name: str, value: str) -> Change:
    return lambda tree: every(tree, local)[number].set(name, value)


def _drop(local: str, number: int) -> Change:
    def change(tree: etree._Element) -> None:
        node = every(tree, local)[number]
        node.getparent().remove(node)

    return change


def _double(local: str) -> Change:
    def change(tree: etree._Element) -> None:
        node = every(tree, local)[0]
        node.addnext(etree.fromstring(etree.tostring(node)))

    return change


def _add(xml: str) -> Change:
    return lambda node: node.append(etree.fromstring(xml))


def _add_to(local: str, number: int, xml: str) -> Change:
    return lambda tree: every(tree, local)[number].append(etree.fromstring(xml))
