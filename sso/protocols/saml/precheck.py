"""
What a document looks like, judged before any cryptography touches it.

A verifier does what a signature says: it runs transforms and opens references before it knows who
signed. So a signature or cipher is let through only when it says the few things that those of
honest providers say (SAML Core, section 5.4; XML Signature, section 8.1).
"""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from sso.protocols.saml.checks import Check, quoted, refused
from sso.protocols.saml.names import (
    DS,
    ELEMENT,
    ENVELOPED,
    EXCLUSIVE_C14N,
    XENC,
    XENC11,
    ds,
    xenc,
)

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURES = frozenset(
    f"{_MORE}{key}-sha{bits}" for key in ("rsa", "ecdsa") for bits in (256, 384, 512)
)
DIGESTS = frozenset({f"{XENC}sha256", f"{_MORE}sha384", f"{XENC}sha512"})
_GCM = frozenset(f"{XENC11}aes{bits}-gcm" for bits in (128, 192, 256))
_CBC = frozenset(f"{XENC}aes{bits}-cbc" for bits in (128, 192, 256))
# Of the two ways to send a key by RSA, PKCS 1 v1.5 lets its padding be guessed (Bleichenbacher).
_TRANSPORTS = frozenset({f"{XENC}rsa-oaep-mgf1p", f"{XENC11}rsa-oaep"})
# OAEP needs no collision resistance, and SHA-1 is what rsa-oaep-mgf1p means.
_OAEP_DIGESTS = DIGESTS | {f"{DS}sha1"}
_OAEP_MASKS = frozenset(f"{XENC11}mgf1sha{bits}" for bits in (1, 256, 384, 512))
_KEY_HINTS = frozenset(
    ds(name)
    for name in (
        "X509Data", "X509Certificate", "X509IssuerSerial", "X509IssuerName", "X509SerialNumber",
        "X509SubjectName", "X509SKI", "X509CRL",
        "KeyName", "KeyValue", "RSAKeyValue", "Modulus", "Exponent",
    )
) | frozenset(
    f"{{http://www.w3.org/2009/xmldsig11#}}{name}"
    for name in ("X509Digest", "ECKeyValue", "NamedCurve", "PublicKey")
)  # fmt: skip
_LONGEST_PREFIX_LIST = 200


def signature_of(element: etree._Element) -> etree._Element | None:
    """
    Return the one signature that an element wears, judged; None when it wears none.

    :raises Refused: there are several, or it does not cover just this element
    """
    worn = element.findall(ds("Signature"))
    if not worn:
        return None
    if len(worn) > 1:
        raise refused(Check.SIGNATURE_FORM, "several in one element")
    _judge_signature(worn[0], covered=element)
    return worn[0]


def judge_places(root: etree._Element, *, wearers: Iterable[etree._Element]) -> None:
    """
    Refuse signatures anywhere but directly in ``wearers``: wrapping needs such a place.

    :raises Refused: there is one
    """
    allowed = list(wearers)
    for signature in root.iter(ds("Signature")):
        if signature.getparent() not in allowed:
            raise refused(Check.SIGNATURE_FORM, "in a place where none belongs")


def judge_encrypted(wrapper: etree._Element) -> bool:
    """
    Judge what an ``EncryptedAssertion`` or ``EncryptedID`` holds; True for a cipher without a tag.

    Such a cipher (AES-CBC) may be opened only when a signature over it holds: else whoever sends
    variations of it learns the text from what they are answered (Jager and Somorovsky, 2011).

    :raises Refused: another algorithm, or anything that is not inline
    """
    (holder,) = _children(wrapper, ("EncryptedData",), check=Check.ENCRYPTION)
    method, key_info, cipher = _children(
        holder, ("EncryptionMethod", "KeyInfo", "CipherData"), check=Check.ENCRYPTION
    )
    if holder.get("Type") != ELEMENT:
        raise refused(Check.ENCRYPTION, "not of an element")
    algorithm = _algorithm(method, _GCM | _CBC, check=Check.ENCRYPTION)
    _childless(method, check=Check.ENCRYPTION)
    (key,) = _children(key_info, ("EncryptedKey",), check=Check.ENCRYPTION)
    _judge_encrypted_key(key)
    _judge_cipher(cipher)
    return algorithm in _CBC


def judge_nothing_encrypted(root: etree._Element, *, but: etree._Element | None = None) -> None:
    """
    Refuse what is encrypted outside of ``but``, which nobody here reads.

    :raises Refused: there is something
    """
    for node in root.iter(xenc("EncryptedData"), xenc("EncryptedKey")):
        if but is None or but not in node.iterancestors():
            raise refused(Check.ENCRYPTION, "of something that is not read encrypted")


def _judge_signature(signature: etree._Element, *, covered: etree._Element) -> None:
    check = Check.SIGNATURE_FORM
    names = [child.tag for child in signature]
    if names[:2] != [ds("SignedInfo"), ds("SignatureValue")] or names[2:] not in (
        [],
        [ds("KeyInfo")],
    ):
        raise refused(check, "holds something else")
    if len(names) == 3:
        _judge_key_info(signature[2], check=check)
    canonical, method, reference = _children(
        signature[0], ("CanonicalizationMethod", "SignatureMethod", "Reference"), check=check
    )
    _algorithm(canonical, {EXCLUSIVE_C14N}, check=check)
    _judge_prefixes(canonical)
    _algorithm(method, SIGNATURES, check=check)
    _childless(method, check=check)
    _childless(signature[1], check=check)
    _judge_reference(reference, covered=covered)


def _judge_reference(reference: etree._Element, *, covered: etree._Element) -> None:
    check = Check.SIGNATURE_FORM
    identifier = covered.get("ID")
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise refused(check, "covers something else")
    transforms, method, value = _children(
        reference, ("Transforms", "DigestMethod", "DigestValue"), check=check
    )
    enveloped, canonical = _children(transforms, ("Transform", "Transform"), check=check)
    _algorithm(enveloped, {ENVELOPED}, check=check)
    _childless(enveloped, check=check)
    _algorithm(canonical, {EXCLUSIVE_C14N}, check=check)
    _judge_prefixes(canonical)
    _algorithm(method, DIGESTS, check=check)
    _childless(method, check=check)
    _childless(value, check=check)


def _judge_encrypted_key(key: etree._Element) -> None:
    check = Check.ENCRYPTION
    known = {
        xenc("EncryptionMethod"), ds("KeyInfo"), xenc("CipherData"),
        xenc("ReferenceList"), xenc("CarriedKeyName"),
    }  # fmt: skip
    names = [child.tag for child in key]
    if not set(names) <= known or len(set(names)) != len(names):
        raise refused(check, "holds something else")
    method, key_info, cipher = (
        key.find(xenc("EncryptionMethod")), key.find(ds("KeyInfo")), key.find(xenc("CipherData")),
    )  # fmt: skip
    if method is None or cipher is None:
        raise refused(check, "has no method or no cipher")
    _algorithm(method, _TRANSPORTS, check=check)
    for child in method:
        if child.tag == ds("DigestMethod"):
            _algorithm(child, _OAEP_DIGESTS, check=check)
        elif child.tag == f"{{{XENC11}}}MGF":
            _algorithm(child, _OAEP_MASKS, check=check)
        else:
            raise refused(check, "has an unknown parameter")
        _childless(child, check=check)
    if key_info is not None:
        _judge_key_info(key_info, check=check)
    _judge_cipher(cipher)


def _judge_cipher(cipher: etree._Element) -> None:
    """Let only inline values through: a ``CipherReference`` names a file or an address to read."""
    (value,) = _children(cipher, ("CipherValue",), check=Check.ENCRYPTION)
    _childless(value, check=Check.ENCRYPTION)


def _judge_key_info(key_info: etree._Element, *, check: Check) -> None:
    """Let hints at keys through, which are never followed; a ``RetrievalMethod`` would be."""
    for node in key_info.iterdescendants():
        if node.tag not in _KEY_HINTS:
            raise refused(check, "names its key by other means than a certificate")


def _judge_prefixes(transform: etree._Element) -> None:
    """Allow the one parameter of exclusive canonicalization: prefixes (section 4 there)."""
    for child in transform:
        is_list = child.tag == f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"
        if not is_list or set(child.attrib) != {"PrefixList"} or len(transform) > 1:
            raise refused(Check.SIGNATURE_FORM, "canonicalizes by parameters")
        if len(child.get("PrefixList", "")) > _LONGEST_PREFIX_LIST:
            raise refused(Check.SIGNATURE_FORM, "canonicalizes by too many prefixes")
        _childless(child, check=Check.SIGNATURE_FORM)


def _children(
    parent: etree._Element, names: tuple[str, ...], *, check: Check
) -> list[etree._Element]:
    """Return the children of an element, which must be just these, in this order."""
    children = list(parent)
    if [etree.QName(child).localname for child in children] != list(names) or any(
        etree.QName(child).namespace not in {DS, XENC} for child in children
    ):
        raise refused(check, f"{etree.QName(parent).localname} holds something else")
    return children


def _childless(node: etree._Element, *, check: Check) -> None:
    if len(node):
        raise refused(check, f"{etree.QName(node).localname} has parameters")


def _algorithm(node: etree._Element, allowed: Iterable[str], *, check: Check) -> str:
    algorithm = str(node.get("Algorithm", ""))
    if algorithm not in allowed:
        raise refused(check, f"algorithm {quoted(algorithm)} is not accepted")
    return algorithm
