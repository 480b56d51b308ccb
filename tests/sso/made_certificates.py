"""Certificates that a test wants made."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def weak_certificate() -> str:
    """A certificate of a key that can be factored."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak.example.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    lasting = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2126, 1, 1, tzinfo=UTC)
    )
    signed = lasting.public_key(key.public_key()).sign(key, SHA256())
    return signed.public_bytes(Encoding.PEM).decode()
