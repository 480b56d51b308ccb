"""The names of SAML 2.0, XML Signature and XML Encryption, each written once."""

from __future__ import annotations

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
ELEMENT = f"{XENC}Element"

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
FAILURE = "urn:oasis:names:tc:SAML:2.0:status:Responder"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def saml(local: str) -> str:
    """Name an element of an assertion."""
    return f"{{{SAML}}}{local}"


def samlp(local: str) -> str:
    """Name an element of a message."""
    return f"{{{SAMLP}}}{local}"


def md(local: str) -> str:
    """Name an element of metadata."""
    return f"{{{MD}}}{local}"


def ds(local: str) -> str:
    """Name an element of a signature."""
    return f"{{{DS}}}{local}"


def xenc(local: str) -> str:
    """Name an element of what is encrypted."""
    return f"{{{XENC}}}{local}"
