"""An identity provider that signs and encrypts what it is told to, honestly or not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from sso.facts import KeyPair, ServiceProvider

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
SPACES = {"saml": SAML, "samlp": SAMLP, "ds": DS, "xenc": XENC}
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@lru_cache(maxsize=32)
def key_of(name: str, *, kind: str = "rsa2048", days: int = 365) -> KeyPair:
    """Make a key and a certificate for a name, once; a negative number of days is in the past."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec256"
        else rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime.now(UTC) + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=730))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = certificate.public_bytes(Encoding.DER)
    return KeyPair(
        certificate=base64.b64encode(public).decode(),
        private_key=base64.b64encode(secret).decode(),
    )


def armoured(text: str, kind: str) -> bytes:
    """Return base64 of DER as PEM."""
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n".encode()


def moment(at: datetime) -> str:
    """Write a moment as SAML does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Signer:
    """How one element is signed; what is not changed is how honest providers do it."""

    key: KeyPair
    method: str = xmlsec.Transform.RSA_SHA256
    digest: str = xmlsec.Transform.SHA256
    shape: Callable[[etree._Element], None] | None = None

    def sign(self, element: etree._Element) -> None:
        """Put a signature after the issuer of an element; ``shape`` may change it before."""
        signature = xmlsec.template.create(
            element, xmlsec.Transform.EXCL_C14N, self.method, ns="ds"
        )
        element.find(f"{{{SAML}}}Issuer").addnext(signature)
        self.complete(signature, element)

    def complete(self, signature: etree._Element, element: etree._Element) -> None:
        """Fill in an empty signature that stands in its place."""
        reference = xmlsec.template.add_reference(
            signature, self.digest, uri=f"#{element.get('ID')}"
        )
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        if self.shape:
            self.shape(signature)
        xmlsec.tree.add_ids(element.getroottree().getroot(), ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(
            armoured(self.key.private_key, "PRIVATE KEY"), xmlsec.KeyFormat.PEM
        )
        context.key.load_cert_from_memory(
            armoured(self.key.certificate, "CERTIFICATE"), xmlsec.KeyFormat.PEM
        )
        context.sign(signature)


@dataclass(frozen=True)
class Told:
    """What a response says; the default of each is what is right for ``sp``."""

    sp: ServiceProvider
    issuer: str
    request_id: str | None
    now: datetime
    name_id: str = "ada@corp.example"
    name_format: str = EMAIL
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("mail", ("ada@corp.example",)),
        ("displayName", ("Ada Lovelace",)),
        ("groups", ("Engineers", "Everybody")),
    )
    context: str = PASSWORD
    version: str = "2.0"
    session_index: str = "_session1"
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    response_id: str = "_response"
    assertion_id: str = "_assertion"
    # Strings that stand in the document as they are; None for what is right.
    destination: str | None = None
    recipient: str | None = None
    audiences: str | None = None
    limits: str | None = None
    confirmation_limits: str | None = None
    answers: str | None = None
    confirms: str | None = None
    made_at: datetime | None = None
    proved_at: datetime | None = None

    def but(self, **changes: object) -> Told:
        """Return the same with other words."""
        return replace(self, **changes)

    def xml(self) -> str:
        """Write the response, without any signature."""
        made_at = moment(self.made_at or self.now)
        end = moment(self.now + timedelta(minutes=5))
        answers = f'InResponseTo="{self.request_id}"' if self.request_id else ""
        limits = f'NotBefore="{moment(self.now - timedelta(minutes=1))}" NotOnOrAfter="{end}"'
        audiences = (
            f"<saml:AudienceRestriction><saml:Audience>{self.sp.entity_id}</saml:Audience>"
            "</saml:AudienceRestriction>"
        )
        return f"""<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"
 ID="{self.response_id}" Version="2.0" IssueInstant="{made_at}"
 {_or(self.destination, f'Destination="{self.sp.acs_url}"')} {_or(self.answers, answers)}>
<saml:Issuer>{self.issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="{self.status}"/></samlp:Status>
<saml:Assertion ID="{self.assertion_id}" Version="{self.version}" IssueInstant="{made_at}">
<saml:Issuer>{self.issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="{self.name_format}">{self.name_id}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData {_or(self.confirms, answers)}
 {_or(self.recipient, f'Recipient="{self.sp.acs_url}"')}
 {_or(self.confirmation_limits, f'NotOnOrAfter="{end}"')}/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions {_or(self.limits, limits)}>{_or(self.audiences, audiences)}</saml:Conditions>
<saml:AuthnStatement AuthnInstant="{moment(self.proved_at or self.now)}"
 SessionIndex="{self.session_index}"><saml:AuthnContext>
<saml:AuthnContextClassRef>{self.context}</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
{self._attributes()}
</saml:Assertion>
</samlp:Response>"""

    def tree(self) -> etree._Element:
        """Write it as a tree."""
        return etree.fromstring(self.xml())

    def _attributes(self) -> str:
        if not self.attributes:  # an empty statement does not fit the schema
            return ""
        told = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
            + "</saml:Attribute>"
            for name, values in self.attributes
        )
        return f"<saml:AttributeStatement>{told}</saml:AttributeStatement>"


def _or(value: str | None, default: str) -> str:
    return default if value is None else value


def every(element: etree._Element, local: str) -> list[etree._Element]:
    """
    Return all elements of a local name, itself included.

    What xmlsec adds to a tree is not found by lxml's own search for tags, which compares pointers.
    """
    return [node for node in element.iter("{*}*") if etree.QName(node).localname == local]


def assertion_of(response: etree._Element) -> etree._Element:
    """Return the assertion that stands openly in a response."""
    return every(response, "Assertion")[0]


def sign_metadata(
    root: etree._Element, *, identifier: str, key: KeyPair, is_old: bool = False
) -> None:
    """Sign the part of metadata that is called ``identifier``; by SHA-1 as one did long ago."""
    (part,) = (node for node in root.iter() if node.get("ID") == identifier)
    method = xmlsec.Transform.RSA_SHA1 if is_old else xmlsec.Transform.RSA_SHA256
    signature = xmlsec.template.create(part, xmlsec.Transform.EXCL_C14N, method, ns="ds")
    part.insert(0, signature)
    Signer(key).complete(signature, part)


def encrypt(
    response: etree._Element,
    certificate: str,
    *,
    method: str = xmlsec.Transform.AES256_GCM,
    transport: str = xmlsec.Transform.RSA_OAEP,
    bits: int = 256,
) -> None:
    """Encrypt the assertion of a response to a certificate, in its place."""
    _encrypt(assertion_of(response), "EncryptedAssertion", certificate, method, transport, bits)


def encrypt_name(request: etree._Element, certificate: str) -> None:
    """Encrypt the NameID of a request to sign out, in its place."""
    name = every(request, "NameID")[0]
    method, transport = xmlsec.Transform.AES128, xmlsec.Transform.RSA_OAEP
    _encrypt(name, "EncryptedID", certificate, method, transport, 128)


def _encrypt(
    element: etree._Element,
    wrapper_name: str,
    certificate: str,
    method: str,
    transport: str,
    bits: int,
) -> None:
    holder = xmlsec.template.encrypted_data_create(
        element, method, type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(holder)
    info = xmlsec.template.encrypted_data_ensure_key_info(holder, ns="ds")
    key = xmlsec.template.add_encrypted_key(info, transport)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    manager = xmlsec.KeysManager()
    manager.add_key(
        xmlsec.Key.from_memory(armoured(certificate, "CERTIFICATE"), xmlsec.KeyFormat.CERT_PEM)
    )
    context = xmlsec.EncryptionContext(manager)
    kind = xmlsec.KeyData.DES if method == xmlsec.Transform.DES3 else xmlsec.KeyData.AES
    context.key = xmlsec.Key.generate(kind, bits, xmlsec.KeyDataType.SESSION)
    wrapper = etree.Element(f"{{{SAML}}}{wrapper_name}", nsmap={"saml": SAML})
    encrypted = context.encrypt_xml(holder, element)
    encrypted.getparent().replace(encrypted, wrapper)
    wrapper.append(encrypted)


def form(document: etree._Element | bytes) -> str:
    """Return a document as the form value that a browser posts."""
    xml = document if isinstance(document, bytes) else etree.tostring(document)
    return base64.b64encode(xml).decode()


def good(
    told: Told, key: KeyPair, *, signs: tuple[str, ...] = ("Assertion", "Response")
) -> etree._Element:
    """Return a response that is signed as honest providers do, the assertion first."""
    response = told.tree()
    if "Assertion" in signs:
        Signer(key).sign(assertion_of(response))
    if "Response" in signs:
        Signer(key).sign(response)
    return response
