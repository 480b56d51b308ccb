"""What Plinto publishes of itself to the provider of a connection."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from lxml import etree

from sso.facts import ServiceProvider
from sso.protocols.saml import library, moments
from sso.protocols.saml.names import (
    DS,
    EMAIL_ADDRESS,
    MD,
    PERSISTENT,
    POST,
    REDIRECT,
    SAMLP,
    UNSPECIFIED,
    XENC,
    XENC11,
    ds,
    md,
)

# What it may encrypt by, best first; those without a tag are left out although they are read.
_CIPHERS = (f"{XENC11}aes256-gcm", f"{XENC11}aes128-gcm", f"{XENC}rsa-oaep-mgf1p")


def published(sp: ServiceProvider, *, now: datetime, valid_for: timedelta | None = None) -> bytes:
    """
    Write signed metadata with all our keys, each for signing and for encrypting.

    Without ``valid_for`` they do not expire: many providers read them once and would stop working.
    """
    # The same content has the same identifier, so nothing looks changed that is not.
    told = "".join((sp.entity_id, *(key.certificate for key in sp.keys)))
    root = etree.Element(md("EntityDescriptor"), nsmap={"md": MD, "ds": DS})
    root.set("ID", f"_{hashlib.sha256(told.encode()).hexdigest()[:32]}")
    root.set("entityID", sp.entity_id)
    root.set("cacheDuration", "P1D")
    if valid_for is not None:
        root.set("validUntil", moments.written(now + valid_for))
    role = etree.SubElement(root, md("SPSSODescriptor"))
    role.set("AuthnRequestsSigned", "true")
    role.set("WantAssertionsSigned", "true")
    role.set("protocolSupportEnumeration", SAMLP)
    for key in sp.keys:
        for use in ("signing", "encryption"):
            _describe_key(role, key.certificate, use=use)
    for binding in (REDIRECT, POST):
        _describe_endpoint(role, "SingleLogoutService", sp.sls_url, Binding=binding)
    for name_format in (PERSISTENT, EMAIL_ADDRESS, UNSPECIFIED):
        etree.SubElement(role, md("NameIDFormat")).text = name_format
    _describe_endpoint(
        role, "AssertionConsumerService", sp.acs_url, Binding=POST, index="0", isDefault="true"
    )
    return library.signed(root, key=sp.keys[0])


def _describe_key(role: etree._Element, certificate: str, *, use: str) -> None:
    descriptor = etree.SubElement(role, md("KeyDescriptor"))
    descriptor.set("use", use)
    info = etree.SubElement(descriptor, ds("KeyInfo"))
    x509 = etree.SubElement(info, ds("X509Data"))
    etree.SubElement(x509, ds("X509Certificate")).text = certificate
    if use == "encryption":
        for algorithm in _CIPHERS:
            etree.SubElement(descriptor, md("EncryptionMethod")).set("Algorithm", algorithm)


def _describe_endpoint(role: etree._Element, local: str, location: str, **attributes: str) -> None:
    endpoint = etree.SubElement(role, md(local))
    for name, value in {**attributes, "Location": location}.items():
        endpoint.set(name, value)
