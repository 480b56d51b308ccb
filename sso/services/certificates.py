"""Certificates as people paste them, and what an administrator wants to know of one."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256

from sso.protocols.saml import certificates

_ARMOUR = re.compile(r"-----(?:BEGIN|END) CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is told of a certificate; its name is what the provider wrote there."""

    subject: str
    not_before: datetime
    expires_at: datetime
    sha256_fingerprint: str


def read(text: str) -> str:
    """
    Read a certificate, armoured as PEM or not, and return base64 of its DER.

    :raises ValueError: it is none, or its key is too weak; the message is fit for a caller
    """
    plain = "".join(_ARMOUR.sub("", text).split())
    try:
        der = base64.b64decode(plain, validate=True)
    except binascii.Error as error:
        raise ValueError("This is not a certificate in PEM or base64.") from error
    _loaded(der)
    if not certificates.is_strong(plain):
        raise ValueError("Use a certificate with an RSA key of 2048 bits or an EC key of 256.")
    return plain


def described(certificate: str) -> Certificate:
    """
    Describe a certificate that is kept.

    :raises ValueError: it is none
    """
    found = _loaded(base64.b64decode(certificate))
    return Certificate(
        subject=found.subject.rfc4514_string(),
        not_before=found.not_valid_before_utc,
        expires_at=found.not_valid_after_utc,
        sha256_fingerprint=found.fingerprint(SHA256()).hex(":").upper(),
    )


def end_of(several: Iterable[str]) -> datetime | None:
    """
    Say when the last of several certificates ends, and with it the trust in a provider.

    While a provider rolls over its old certificate may end without anybody noticing.
    """
    return max((certificates.ends_at(each) for each in several), default=None)


def fingerprints(several: Iterable[str]) -> list[str]:
    """Name certificates as the trail and the screens of providers do."""
    return [described(each).sha256_fingerprint for each in several]


def _loaded(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("This is not a certificate in PEM or base64.") from error
