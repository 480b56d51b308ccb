"""Certificates of identity providers: containers of keys, trusted because metadata name them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_WEAKEST_RSA = 2048  # NIST SP 800-131A, table 2
_WEAKEST_EC = 256


def read(certificate: str) -> x509.Certificate:
    """
    Read base64 of DER.

    :raises ValueError: it is no certificate
    """
    return x509.load_der_x509_certificate(base64.b64decode("".join(certificate.split())))


def ends_at(certificate: str) -> datetime:
    """
    Say when a certificate expires.

    :raises ValueError: it is no certificate
    """
    return read(certificate).not_valid_after_utc


def is_strong(certificate: str) -> bool:
    """
    Say whether its key is RSA of 2048 bits or an elliptic curve of 256 at least.

    :raises ValueError: it is no certificate
    """
    key = read(certificate).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _WEAKEST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= _WEAKEST_EC


def live(certificates: Iterable[str], *, now: datetime) -> tuple[list[str], list[str]]:
    """Part certificates into those that have not expired and those that have."""
    usable: list[str] = []
    expired: list[str] = []
    for certificate in certificates:
        (usable if ends_at(certificate) > now else expired).append(certificate)
    return usable, expired
