"""
The key pairs by which Plinto is known to SAML identity providers.

Rotation publishes the new certificate first and signs with it later, because providers read
metadata when they please and many are told by hand. Until an operator says that all of them know
the new one, both are published and both decrypt.
"""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django import db
from django.conf import settings
from django.db.models import Q

from plinto.kernel.crypto import decrypt, encrypt
from plinto.kernel.exceptions import ConfigurationError
from resilience import trimming
from resilience.contract import enforces
from sso import door_controls
from sso.facts import KeyPair
from sso.models import ServiceKey

# Metadata of this lifetime is what providers fetch about once a day, and people within days.
PUBLISHED_FIRST = timedelta(days=14)
# The certificate only carries the key (SAML V2.0 Metadata Interoperability Profile, section 2.6.1).
# Its end forces every provider to be told anew, so it is far away; rotation does not wait for it.
LIVES_FOR = timedelta(days=3650)
_BITS = 3072  # NIST SP 800-57 part 1, table 2: 128 bits of security, which 2048 has not
# Two processes may differ by this much about which key signs, and both are published by then.
_RELOAD_SECONDS = 5.0
_PURPOSE = "service key"
_NO_KEY = "no service key: run manage.py rotate_service_key"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A key as the process holds it, opened once."""

    key_id: UUID
    pair: KeyPair = field(repr=False)
    signs_from: datetime
    published_until: datetime | None


@enforces(door_controls.SERVICE_KEYS)
class ServiceKeys:
    """
    The key pairs of this process, read from the database and kept through its outages.

    :raises ConfigurationError: there is no key, or ``FIELD_KEYS`` does not open one
    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Know nothing, as a process does that begins."""
        self._lock = threading.Lock()
        self._keys: tuple[_Kept, ...] = ()
        self._loaded = float("-inf")

    def pairs(self, now: datetime) -> tuple[KeyPair, ...]:
        """Return what is published now: first the key that signs, then the others by age."""
        published = [
            key for key in self._current() if not key.published_until or now < key.published_until
        ]
        signing = [key for key in published if key.signs_from <= now]
        if not signing:
            raise ConfigurationError(reason=_NO_KEY)
        first = max(signing, key=lambda key: (key.signs_from, key.key_id))
        return (first.pair, *(key.pair for key in published if key is not first))

    def forget(self) -> None:
        """Read the rows anew at the next use."""
        self._loaded = float("-inf")

    def _current(self) -> tuple[_Kept, ...]:
        if time.monotonic() - self._loaded < _RELOAD_SECONDS:
            return self._keys
        # Whoever has keys does not wait for a slow database behind the one that reads.
        if not self._lock.acquire(blocking=not self._keys):
            return self._keys
        try:
            self._keys = self._read()
        except db.Error:
            if not self._keys:
                raise
        finally:
            self._lock.release()
        self._loaded = time.monotonic()
        return self._keys

    def _read(self) -> tuple[_Kept, ...]:
        known = {key.key_id: key.pair for key in self._keys}
        return tuple(
            _Kept(row.pk, known.get(row.pk) or opened(row), row.signs_from, row.published_until)
            for row in ServiceKey.objects.order_by("-id")
        )


ring = ServiceKeys()


def opened(row: ServiceKey) -> KeyPair:
    """
    Read a key pair from its row.

    :raises ConfigurationError: no field key opens it
    """
    private = decrypt(row.private_key, purpose=_PURPOSE)
    return KeyPair(row.certificate, base64.b64encode(private).decode())


def rotate(*, now: datetime, sign_in: timedelta = PUBLISHED_FIRST) -> ServiceKey:
    """
    Add a key that signs ``sign_in`` from now; older ones stay published until they are withdrawn.

    Runs in the caller's transaction. The first key of a deployment signs at once.
    """
    if not ServiceKey.objects.exists():
        sign_in = timedelta()
    key = made(now=now, signs_from=now + sign_in)
    key.save(force_insert=True)
    db.transaction.on_commit(ring.forget)
    return key


def made(*, now: datetime, signs_from: datetime) -> ServiceKey:
    """Make a key and its certificate, unsaved; that takes most of a second."""
    certificate, private = _generated(now)
    return ServiceKey(
        certificate=certificate,
        private_key=encrypt(private, purpose=_PURPOSE),
        created_at=now,
        signs_from=signs_from,
        expires_at=now + LIVES_FOR,
    )


def promote(*, now: datetime) -> ServiceKey | None:
    """Let the youngest key sign from now on; None when it does already."""
    youngest = ServiceKey.objects.select_for_update().order_by("-id").first()
    if youngest is None or youngest.signs_from <= now:
        return None
    youngest.signs_from = now
    youngest.save(update_fields=["signs_from"])
    db.transaction.on_commit(ring.forget)
    return youngest


def withdraw(*, now: datetime) -> tuple[ServiceKey | None, int]:
    """Publish no more what stood before the key that signs; return that one, and how many went."""
    published = ServiceKey.objects.filter(Q(published_until=None) | Q(published_until__gt=now))
    signing = published.filter(signs_from__lte=now).order_by("-signs_from", "-id").first()
    if signing is None:
        return None, 0
    db.transaction.on_commit(ring.forget)
    older = published.filter(signs_from__lte=now).exclude(pk=signing.pk)
    return signing, older.update(published_until=now)


def trim(*, now: datetime) -> int:
    """Delete keys that were withdrawn."""
    return trimming.delete(ServiceKey.objects.filter(published_until__lt=now))


def _generated(now: datetime) -> tuple[str, bytes]:
    """Make a key and a certificate for it, signed by itself."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Plinto at {settings.PUBLIC_URL}"[:64])]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # A provider whose clock is behind must not find it from the future.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIVES_FOR)
        .sign(private, hashes.SHA256())
    )
    encoded = certificate.public_bytes(serialization.Encoding.DER)
    return base64.b64encode(encoded).decode(), private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
