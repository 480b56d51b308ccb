"""Messages to a provider, by way of the browser (SAML Bindings, sections 3.4 and 3.5)."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from lxml import etree

from sso.facts import KeyPair
from sso.protocols.saml import library
from sso.protocols.saml.names import RSA_SHA256, SAML, SAMLP

Parameter = Literal["SAMLRequest", "SAMLResponse"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    Where the browser is to go: to ``url``, or with ``fields`` of a form that is posted there.

    The fields are empty when the message is in the address.
    """

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_form(self) -> bool:
        """Say whether it takes a page with a form that sends itself."""
        return bool(self.fields)


def message(local: str, **attributes: str) -> etree._Element:
    """Begin a message of SAML 2.0."""
    root = etree.Element(f"{{{SAMLP}}}{local}", nsmap={"samlp": SAMLP, "saml": SAML})
    for name, value in {"Version": "2.0", **attributes}.items():
        root.set(name, value)
    return root


def told(parent: etree._Element, tag: str, text: str = "", **attributes: str) -> etree._Element:
    """Add an element to a message."""
    child = etree.SubElement(parent, tag)
    child.text = text or None
    for name, value in attributes.items():
        child.set(name, value)
    return child


def sent(
    root: etree._Element,
    parameter: Parameter,
    *,
    to: str,
    binding: str,
    relay_state: str,
    key: KeyPair,
) -> Outgoing:
    """Sign a message and address it; ``binding`` is "redirect" or "post"."""
    if binding == "post":
        value = base64.b64encode(library.signed(root, key=key)).decode()
        return Outgoing(to, {parameter: value, **_relayed(relay_state)})
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflating.compress(etree.tostring(root)) + deflating.flush()
    octets = urlencode(
        {
            parameter: base64.b64encode(packed).decode(),
            **_relayed(relay_state),
            "SigAlg": RSA_SHA256,
        }
    )
    signature = base64.b64encode(library.signed_query(octets, key=key)).decode()
    separator = "&" if "?" in to else "?"
    return Outgoing(f"{to}{separator}{octets}&{urlencode({'Signature': signature})}")


def _relayed(relay_state: str) -> dict[str, str]:
    return {"RelayState": relay_state} if relay_state else {}
