"""Messages from a provider, by way of the browser, that must be signed: those for signing out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from lxml import etree

from sso.facts import IdentityProvider
from sso.protocols.saml import documents, library, precheck, signatures
from sso.protocols.saml.checks import Check, quoted, refused
from sso.protocols.saml.names import samlp

# A message for signing out has less than 4 kB; a kilobyte can swell to a megabyte.
_LONGEST_QUERY = 32 * 1024
_LARGEST_INFLATED = 64 * 1024
_SIGNED = ("RelayState", "SigAlg")
# Those that python3-saml verifies over a query; it takes any other for RSA-SHA256.
_QUERY_SIGNATURES = frozenset(name for name in precheck.SIGNATURES if "#rsa-" in name)


@dataclass(frozen=True, slots=True)
class Incoming:
    """
    A message as it came: ``query`` as raw as in the address, or ``form_value`` of a posted form.

    The signature of an address is over its very octets, which decoding would lose.
    """

    query: str = ""
    form_value: str = ""


def verified(
    message: Incoming, parameter: str, *, local: str, idp: IdentityProvider, now: datetime
) -> etree._Element:
    """
    Return a message whose signature holds; ``parameter`` is where it stands, ``local`` what it is.

    :raises Refused: it is malformed or too large, of another kind, or not signed by the provider
    """
    if message.query:
        return _by_redirect(message.query, parameter, local=local, idp=idp, now=now)
    root = _parsed(documents.decoded(message.form_value), local=local)
    precheck.judge_places(root, wearers=[root])
    if precheck.signature_of(root) is None:
        raise refused(Check.SIGNATURE, "not signed")
    signatures.verify(root, f"/samlp:{local}/ds:Signature", idp=idp, now=now)
    return root


def _by_redirect(
    query: str, parameter: str, *, local: str, idp: IdentityProvider, now: datetime
) -> etree._Element:
    if len(query) > _LONGEST_QUERY:
        raise refused(Check.SIZE, "address is too long")
    raw = _parameters(query)
    if parameter not in raw:
        raise refused(Check.ENCODING, f"no {parameter}")
    # Small things first: what is unsigned is never inflated.
    if "Signature" not in raw or "SigAlg" not in raw:
        raise refused(Check.SIGNATURE, "not signed")
    algorithm = unquote_plus(raw["SigAlg"])
    if algorithm not in _QUERY_SIGNATURES:
        raise refused(Check.SIGNATURE_FORM, f"algorithm {quoted(algorithm)} is not accepted")
    signature = documents.decoded(unquote_plus(raw["Signature"]))
    signed = [name for name in (parameter, *_SIGNED) if name in raw]
    octets = "&".join(f"{name}={raw[name]}" for name in signed)
    signatures.verify_by(
        lambda some: library.is_query_signed_by(
            octets, signature, algorithm=algorithm, certificates=some
        ),
        idp=idp,
        now=now,
    )
    root = _parsed(_inflated(documents.decoded(unquote_plus(raw[parameter]))), local=local)
    precheck.judge_places(root, wearers=[])
    return root


def _parsed(xml: bytes, *, local: str) -> etree._Element:
    root = documents.parsed(xml, bounds=documents.MESSAGE)
    if root.tag != samlp(local) or root.get("Version") != "2.0" or not library.judge_schema(root):
        raise refused(Check.LOGOUT, f"not a {local} of SAML 2.0")
    return root


def _parameters(query: str) -> dict[str, str]:
    """
    Split a query without decoding it.

    A name that comes twice, or is written in another way, could be read here as signed and by
    whoever decodes it as something else.
    """
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if unquote_plus(name) != name:
            raise refused(Check.ENCODING, "a name is encoded")
        if name in found:
            raise refused(Check.ENCODING, f"{quoted(name)} comes twice")
        found[name] = value
    return found


def _inflated(packed: bytes) -> bytes:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        xml = inflating.decompress(packed, _LARGEST_INFLATED)
    except zlib.error as error:
        raise refused(Check.ENCODING, "not deflated") from error
    if inflating.unconsumed_tail or not inflating.eof:
        raise refused(Check.SIZE, "is too large, or cut off")
    return xml
