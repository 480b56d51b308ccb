"""What a SAML provider sends to sign somebody out, and how it answers when it is asked to."""

from __future__ import annotations

import base64
import secrets
import zlib
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import xmlsec
from django.utils import timezone
from lxml import etree

from sso.facts import KeyPair, ServiceProvider
from tests.sso.attacks.signing import EMAIL, SAML, SAMLP, Signer, armoured, form, moment

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


class Leaving(Protocol):
    """What is known of a provider and its connection, in the process or at a deployment."""

    entity_id: str
    domain: str

    @property
    def key(self) -> KeyPair: ...

    @property
    def service(self) -> ServiceProvider: ...


def asking(
    corp: Leaving,
    name: str,
    *,
    index: str = "_session1",
    destination: str = "",
    now: datetime | None = None,
) -> etree._Element:
    """A request to sign somebody out, unsigned; from all sessions without ``index``."""
    now = now or timezone.now()
    sessions = f"<samlp:SessionIndex>{index}</samlp:SessionIndex>" if index else ""
    return etree.fromstring(
        f"""<samlp:LogoutRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" Version="2.0"
 ID="_{secrets.token_hex(16)}" IssueInstant="{moment(now)}"
 Destination="{destination or corp.service.sls_url}"
 NotOnOrAfter="{moment(now + timedelta(minutes=5))}">
<saml:Issuer>{corp.entity_id}</saml:Issuer>
<saml:NameID Format="{EMAIL}">{name}@{corp.domain}</saml:NameID>{sessions}
</samlp:LogoutRequest>"""
    )


def answering(corp: Leaving, request_id: str, *, status: str = SUCCESS) -> etree._Element:
    """An answer to a request to sign somebody out, unsigned."""
    return etree.fromstring(
        f"""<samlp:LogoutResponse xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" Version="2.0"
 ID="_{secrets.token_hex(16)}" IssueInstant="{moment(timezone.now())}"
 Destination="{corp.service.sls_url}" InResponseTo="{request_id}">
<saml:Issuer>{corp.entity_id}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>
</samlp:LogoutResponse>"""
    )


def posted(message: etree._Element, key: KeyPair) -> str:
    """The form value of a message that is signed."""
    Signer(key).sign(message)
    return form(message)


def request(corp: Leaving, name: str, **changes: Any) -> str:
    """The form value of an honest request."""
    return posted(asking(corp, name, **changes), corp.key)


def query(
    message: etree._Element, key: KeyPair, *, parameter: str = "SAMLRequest", relay_state: str = ""
) -> str:
    """The query of an address that is signed (SAML Bindings, section 3.4.4.1)."""
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflating.compress(etree.tostring(message)) + deflating.flush()
    told = {parameter: base64.b64encode(packed).decode()}
    if relay_state:
        told["RelayState"] = relay_state
    octets = urlencode({**told, "SigAlg": RSA_SHA256})
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        armoured(key.private_key, "PRIVATE KEY"), xmlsec.KeyFormat.PEM
    )
    signature = context.sign_binary(octets.encode(), xmlsec.Transform.RSA_SHA256)
    return f"{octets}&{urlencode({'Signature': base64.b64encode(signature).decode()})}"
