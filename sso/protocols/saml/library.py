"""
python3-saml, and everything that it raises: called from here only.

It verifies and makes signatures, opens what is encrypted, and has the last word on a response with
its strict settings. Trees are handed to it as they were parsed, so what it verifies is what is
read. Its clock, which knows no skew for confirmations, is not asked: ``conditions`` judges moments.
"""

from __future__ import annotations

import binascii
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import xmlsec
from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from sso.facts import IdentityProvider, KeyPair, ServiceProvider
from sso.protocols.saml import documents
from sso.protocols.saml.checks import Check, refused
from sso.protocols.saml.names import POST, RSA_SHA256, XENC, ds, saml, samlp, xenc

# libxml2 makes its built-in types at the first schema of a process, behind no lock: two threads
# that come to it at once leave it broken for good. An import happens once.
etree.XMLSchema(etree.XML(b'<schema xmlns="http://www.w3.org/2001/XMLSchema"/>'))

_CONFIRMATIONS = "/saml:Subject/saml:SubjectConfirmation"
_FOREIGN = (
    etree.LxmlError,
    xmlsec.Error,
    binascii.Error,
    OneLogin_Saml2_Error,
    OneLogin_Saml2_ValidationError,
    ValueError,  # DTDForbidden and UnicodeError are such
    LookupError,
    TypeError,
    AttributeError,
)


class _Response(OneLogin_Saml2_Response):  # type: ignore[misc]  # it has no types
    """A response that was parsed and opened already, and whose moments are judged elsewhere."""

    def __init__(
        self, settings: OneLogin_Saml2_Settings, root: etree._Element, opened: etree._Element | None
    ) -> None:
        self._settings, self._error = settings, None
        self.response, self.document = None, root
        self.decrypted_document, self.encrypted = opened, opened is not None
        self.valid_scd_not_on_or_after = None

    def validate_timestamps(self, **_: Any) -> bool:
        return True

    def get_session_not_on_or_after(self) -> None:
        return None

    def _query_assertion(self, xpath_expr: str) -> Any:
        found = super()._query_assertion(xpath_expr)
        return [_timeless(node) for node in found] if xpath_expr == _CONFIRMATIONS else found


@contextmanager
def foreign_errors(check: Check) -> Iterator[None]:
    """
    Turn whatever the libraries raise on junk into a refusal; the only place that does.

    :raises Refused: they raised
    """
    try:
        yield
    except _FOREIGN as error:
        raise refused(check, f"unreadable ({type(error).__name__})") from error


def judge_schema(root: etree._Element) -> bool:
    """Say whether a message fits ``saml-schema-protocol-2.0.xsd``."""
    found = OneLogin_Saml2_XML.validate_xml(root, "saml-schema-protocol-2.0.xsd", False)
    return not isinstance(found, str)


def is_signed_by(root: etree._Element, path: str, *, certificates: Sequence[str]) -> bool:
    """
    Say whether the signature at ``path`` was made by the key of one of ``certificates``.

    The signature must have been judged by ``precheck``. Whatever it says of its key is not read.
    """
    armoured = [OneLogin_Saml2_Utils.format_cert(certificate) for certificate in certificates]
    return bool(armoured) and bool(
        OneLogin_Saml2_Utils.validate_sign(root, xpath=path, multicerts=armoured)
    )


def is_query_signed_by(
    octets: str, signature: bytes, *, algorithm: str, certificates: Sequence[str]
) -> bool:
    """Say whether a signature over a query string was made by one of ``certificates``."""
    return any(
        OneLogin_Saml2_Utils.validate_binary_sign(
            octets, signature, OneLogin_Saml2_Utils.format_cert(certificate), algorithm
        )
        for certificate in certificates
    )


def opened(root: etree._Element, wrapper_path: str, *, keys: Sequence[KeyPair]) -> etree._Element:
    """
    Return another tree, in which what the wrapper held stands open in its place.

    :raises Refused: no key opens it, or what is inside makes no plain document
    """
    for key in keys:
        copy = deepcopy(root)
        wrapper = copy.find(wrapper_path)
        if wrapper is None:
            break
        # Which key it is for is tried, not told: hints at keys are not to be followed.
        for hint in wrapper.findall(f".//{xenc('EncryptedKey')}/{ds('KeyInfo')}"):
            hint.getparent().remove(hint)
        try:
            inside = OneLogin_Saml2_Utils.decrypt_element(wrapper[0], _pem(key), inplace=True)
        except (xmlsec.Error, etree.LxmlError):
            continue
        if isinstance(inside, etree._Element):
            wrapper.getparent().replace(wrapper, inside)
            # xmlsec read it by its own parser: comments, repeated identifiers, unbounded depth.
            return documents.parsed(etree.tostring(copy), bounds=documents.MESSAGE)
    raise refused(Check.DECRYPTION, "no key of ours opens it")


def judge_response(
    root: etree._Element,
    *,
    opened: etree._Element | None,
    sp: ServiceProvider,
    idp: IdentityProvider,
    signed: Collection[str],
    request_id: str | None,
) -> None:
    """
    Ask python3-saml, with its strict settings, whether it would accept the response too.

    ``signed`` are the elements whose signatures were found: a response that wears one covers an
    assertion that wears none, as Keycloak sends it.

    :raises Refused: it would not
    """
    address = urlsplit(sp.acs_url)
    request: dict[str, Any] = {
        "https": "on" if address.scheme == "https" else "off",
        "http_host": address.netloc,
        "script_name": address.path,
        "get_data": {},
        "post_data": {},
    }
    response = _Response(OneLogin_Saml2_Settings(_settings(sp, idp, signed=signed)), root, opened)
    if not response.is_valid(request, request_id=request_id):
        raise refused(Check.LIBRARY, "python3-saml does not accept it")


def signed(root: etree._Element, *, key: KeyPair) -> bytes:
    """Sign a message inside itself: enveloped, RSA-SHA256, exclusive canonicalization."""
    xml = OneLogin_Saml2_Utils.add_sign(
        root,
        _pem(key),
        OneLogin_Saml2_Utils.format_cert(key.certificate),
        sign_algorithm=RSA_SHA256,
        digest_algorithm=f"{XENC}sha256",
    )
    return xml if isinstance(xml, bytes) else xml.encode()


def signed_query(octets: str, *, key: KeyPair) -> bytes:
    """Sign a query string by RSA-SHA256 (SAML Bindings, section 3.4.4.1)."""
    made: bytes = OneLogin_Saml2_Utils.sign_binary(octets, _pem(key))
    return made


def _timeless(confirmation: etree._Element) -> etree._Element:
    copy = deepcopy(confirmation)
    for node in copy.iter(saml("SubjectConfirmationData")):
        for name in ("NotBefore", "NotOnOrAfter"):
            node.attrib.pop(name, None)
    return copy


def _pem(key: KeyPair) -> str:
    return OneLogin_Saml2_Utils.format_private_key(  # type: ignore[no-any-return]
        f"-----BEGIN PRIVATE KEY-----{key.private_key}-----END PRIVATE KEY-----"
    )


def _settings(
    sp: ServiceProvider, idp: IdentityProvider, *, signed: Collection[str]
) -> dict[str, Any]:
    return {
        "strict": True,
        "debug": False,  # it prints otherwise
        "sp": {
            "entityId": sp.entity_id,
            "assertionConsumerService": {"url": sp.acs_url, "binding": POST},
            "x509cert": sp.keys[0].certificate,
            "privateKey": _pem(sp.keys[0]),
        },
        "idp": {
            "entityId": idp.entity_id,
            "singleSignOnService": {"url": idp.sso_url},
            "x509certMulti": {"signing": list(idp.certificates)},
        },
        "security": {
            "allowSingleLabelDomains": True,
            "wantAssertionsSigned": saml("Assertion") in signed,
            "wantMessagesSigned": samlp("Response") in signed,
            "rejectDeprecatedAlgorithm": True,
            "wantNameId": True,
            "wantAttributeStatement": False,
            "allowRepeatAttributeName": True,
            "requestedAuthnContext": False,
        },
    }
