"""Messages for signing out, as a provider sends them by redirect, honestly or not."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote_plus

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from sso.facts import KeyPair, ServiceProvider
from tests.sso.attacks.signing import SAML, SAMLP, Signer, key_of, moment

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


@dataclass(frozen=True)
class Ending:
    """What a request to sign out says; ``extra`` stands after the name as it is."""

    sp: ServiceProvider
    issuer: str
    now: datetime
    name_id: str = "ada@corp.example"
    destination: str | None = None
    made_at: datetime | None = None
    until: datetime | None = None
    extra: str = "<samlp:SessionIndex>_session1</samlp:SessionIndex>"

    def but(self, **changes: object) -> Ending:
        """Return the same with other words."""
        return replace(self, **changes)

    def xml(self) -> str:
        """Write it, unsigned."""
        destination = self.sp.sls_url if self.destination is None else self.destination
        until = moment(self.until or self.now + timedelta(minutes=5))
        return (
            f'<samlp:LogoutRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_ending"'
            f' Version="2.0" IssueInstant="{moment(self.made_at or self.now)}"'
            f' NotOnOrAfter="{until}" Destination="{destination}">'
            f"<saml:Issuer>{self.issuer}</saml:Issuer><saml:NameID>{self.name_id}</saml:NameID>"
            f"{self.extra}</samlp:LogoutRequest>"
        )


def deflated(xml: str | bytes) -> str:
    """Return a document as it stands in an address."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    raw = xml if isinstance(xml, bytes) else xml.encode()
    return quote_plus(base64.b64encode(packer.compress(raw) + packer.flush()))


def query(
    message: str,
    key: KeyPair | None,
    *,
    parameter: str = "SAMLRequest",
    relay_state: str = "",
    algorithm: str = RSA_SHA256,
    digest: hashes.HashAlgorithm | None = None,
) -> str:
    """Return a query string, signed by ``key`` if there is one."""
    octets = f"{parameter}={message}"
    if relay_state:
        octets += f"&RelayState={quote_plus(relay_state)}"
    if key is None:
        return octets
    octets += f"&SigAlg={quote_plus(algorithm)}"
    secret = serialization.load_der_private_key(base64.b64decode(key.private_key), None)
    made = secret.sign(octets.encode(), padding.PKCS1v15(), digest or hashes.SHA256())
    return f"{octets}&Signature={quote_plus(base64.b64encode(made).decode())}"


def _signed_within(ending: Ending, key: KeyPair) -> bytes:
    root = etree.fromstring(ending.xml())
    Signer(key).sign(root)
    return etree.tostring(root)


def attacks(
    sp: ServiceProvider, issuer: str, key: KeyPair, *, now: datetime
) -> list[tuple[str, str]]:
    """Return names and query strings, each of which must be refused and end no session."""
    honest = Ending(sp=sp, issuer=issuer, now=now)
    good = query(deflated(honest.xml()), key)
    bomb = deflated(b"<a>" + b" " * 10_000_000 + b"</a>")
    evil = deflated(honest.but(name_id="eve@corp.example").xml())
    lies = {
        "for another address": honest.but(destination=f"{sp.sls_url}/other"),
        "without an address": honest.but(destination=""),
        "by another issuer": honest.but(issuer="https://evil.example"),
        "a day old": honest.but(made_at=now - timedelta(days=1)),
        "expired": honest.but(until=now - timedelta(minutes=5)),
        "a DTD": honest,
        "two names": honest.but(extra="<saml:NameID>eve@corp.example</saml:NameID>"),
        "1,000 sessions": honest.but(extra="<samlp:SessionIndex>x</samlp:SessionIndex>" * 1_000),
    }
    made = {
        "unsigned": query(deflated(honest.xml()), None),
        "DEFLATE bomb, unsigned": query(bomb, None),
        "DEFLATE bomb, signed": query(bomb, key),
        "signed by another key": query(deflated(honest.xml()), key_of("stranger")),
        "signature of another message": f"SAMLRequest={evil}&{good.partition('&')[2]}",
        "signature cut off": good.rpartition("&")[0],
        "RelayState added": good.replace("&SigAlg", "&RelayState=x&SigAlg"),
        "RelayState by another spelling": f"{good}&%52elayState=x",
        "the request twice": f"{good}&SAMLRequest={evil}",
        "SHA-1": query(
            deflated(honest.xml()),
            key,
            algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            digest=hashes.SHA1(),  # the attack
        ),
        "HMAC": query(
            deflated(honest.xml()),
            key,
            algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        ),
        "not deflated": query(quote_plus(base64.b64encode(honest.xml().encode())), key),
        "not base64": query("%%%", key),
        "empty": query("", key),
        "an address of 40 kB": f"{good}&{'a' * 40_000}",
        "a signature within": query(deflated(_signed_within(honest, key)), key),
        "an answer instead": query(deflated(honest.xml().replace("Request", "Response")), key),
    }
    for name, ending in lies.items():
        xml = f"<!DOCTYPE a>{ending.xml()}" if name == "a DTD" else ending.xml()
        made[name] = query(deflated(xml), key)
    return list(made.items())
