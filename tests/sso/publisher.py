"""A SAML provider that publishes its metadata at an address, signed or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import xmlsec
from django.test import override_settings
from lxml import etree

from plinto.kernel.environment import Address
from sso.facts import KeyPair
from tests.servers.website import Asked, Reply, Website
from tests.sso.attacks.signing import Signer, key_of, moment

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
ENTITY = "https://idp.corp.example/metadata"


@dataclass
class Said:
    """What the metadata say; tests change it as time goes by."""

    keys: tuple[KeyPair, ...] = ()
    entity_id: str = ENTITY
    sso_url: str = "https://idp.corp.example/sso"
    valid_until: datetime | None = None
    signer: KeyPair | None = None

    def xml(self) -> bytes:
        keys = "".join(
            '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">'
            f"<X509Data><X509Certificate>{key.certificate}</X509Certificate></X509Data>"
            "</KeyInfo></KeyDescriptor>"
            for key in self.keys or (key_of("idp"),)
        )
        until = f' validUntil="{moment(self.valid_until)}"' if self.valid_until else ""
        text = (
            f'<EntityDescriptor xmlns="{MD}" ID="_whole" entityID="{self.entity_id}"{until}>'
            '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f"{keys}<SingleSignOnService"
            ' Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            f' Location="{self.sso_url}"/></IDPSSODescriptor></EntityDescriptor>'
        )
        root = etree.fromstring(text)
        if self.signer:
            signature = xmlsec.template.create(
                root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds"
            )
            root.insert(0, signature)
            Signer(self.signer).complete(signature, root)
        return etree.tostring(root)


class Publisher:
    """Serves what ``said`` says at that moment, or the ``reply`` that a test sets instead."""

    def __init__(self) -> None:
        self.said = Said()
        self.reply: Reply | None = None
        self.site = Website(self._answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.site.port}/metadata"

    @property
    def times_asked(self) -> int:
        return len(self.site.asked)

    def _answer(self, _: Asked) -> Reply:
        return self.reply or Reply(parts=(self.said.xml(),))


@contextmanager
def publishing() -> Iterator[Publisher]:
    """Run one that Plinto may ask, though its address is private."""
    publisher = Publisher()
    here = Address("127.0.0.1", publisher.site.port)
    try:
        with override_settings(OUTBOUND_ALLOWED={here}):
            yield publisher
    finally:
        publisher.site.stop()
