"""
The key ring: which keys sign access tokens now, and which are published.

Rotation publishes the new key first and signs with it later, because other services cache the
JWKS; the old key stays published until the last token it signed has expired.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from django import db
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from jwt.algorithms import get_default_algorithms

from accounts import controls
from accounts.models import SigningKey
from plinto.kernel.crypto import decrypt, encrypt, new_token
from plinto.kernel.exceptions import ConfigurationError, ServiceUnavailableError
from resilience import trimming
from resilience.contract import enforces

log = structlog.get_logger(__name__)

# How long other services may cache the JWKS, hence how long a key is shown before it signs.
JWKS_MAX_AGE = timedelta(minutes=5)
# A key that was withdrawn is refused by every process after this long.
_RELOAD_SECONDS = 5.0
# An unknown kid reloads the ring, but not once per forged token.
_RELOAD_SECONDS_UNKNOWN = 0.1
_PURPOSE = "signing key"
_NO_KEY = "no signing key: run manage.py rotate_signing_key"

_MAKERS: dict[str, Callable[[], PrivateKeyTypes]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key as the process holds it: parsed once, because parsing costs more than signing."""

    kid: str
    algorithm: str
    private: Any
    public: Any
    jwk: dict[str, Any]
    signs_from: datetime
    published_until: datetime | None

    def is_published(self, now: datetime) -> bool:
        return self.published_until is None or now < self.published_until


@enforces(controls.SIGNING_KEYS)
class KeyRing:
    """
    The ring of this process, read from the database and kept through its outages.

    :raises ConfigurationError: there is no key, or ``FIELD_KEYS`` does not open one
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, RingKey] = {}
        self._loaded = self._failed = float("-inf")

    def signing(self, now: datetime) -> RingKey:
        """The youngest key whose time to sign has come."""
        keys = [key for key in self._current().values() if key.signs_from <= now]
        if not keys:
            raise ConfigurationError(reason=_NO_KEY)
        return max(keys, key=lambda key: key.signs_from)

    def verifying(self, kid: str, now: datetime) -> RingKey | None:
        """The published key named ``kid``; another process may have added it a moment ago."""
        key = self._current().get(kid) or self._after_reloading(kid)
        return key if key and key.is_published(now) else None

    def published(self, now: datetime) -> list[dict[str, Any]]:
        """The JWKs that verify tokens now (RFC 7517), youngest first."""
        keys = sorted(self._current().values(), key=lambda key: key.signs_from, reverse=True)
        return [key.jwk for key in keys if key.is_published(now)]

    def forget(self) -> None:
        """Read the ring anew at the next use."""
        self._loaded = float("-inf")

    def _current(self) -> dict[str, RingKey]:
        keys = self._kept_or_read()
        if not keys:
            # Not 401 and not an empty JWKS: clients would throw their sessions away, and other
            # services their copies of the keys, for a table that an operator will restore.
            raise ConfigurationError(reason=_NO_KEY)
        return keys

    def _kept_or_read(self) -> dict[str, RingKey]:
        if time.monotonic() - self._loaded < _RELOAD_SECONDS:
            return self._keys
        try:
            return self._reload()
        except db.Error:
            if not self._keys:
                raise
            log.warning("key_ring.stale")
            self._loaded = time.monotonic()
            return self._keys

    def _after_reloading(self, kid: str) -> RingKey | None:
        """Find a key that this process has not seen yet; waits for a thread that is reading."""
        asked = time.monotonic()
        with self._lock:
            if self._failed > asked:
                raise ServiceUnavailableError(reason="the key ring could not be read")
            if asked - self._loaded > _RELOAD_SECONDS_UNKNOWN:
                self._read()
            return self._keys.get(kid)

    def _reload(self) -> dict[str, RingKey]:
        # Whoever has keys does not wait for a slow database behind the one that reloads.
        if not self._lock.acquire(blocking=not self._keys):
            return self._keys
        try:
            self._read()
            return self._keys
        finally:
            self._lock.release()

    def _read(self) -> None:
        now = timezone.now()
        rows = SigningKey.objects.filter(Q(published_until=None) | Q(published_until__gt=now))
        known = self._keys
        try:
            self._keys = {row.kid: _parse(row, known.get(row.kid)) for row in rows}
        except db.Error:
            self._failed = time.monotonic()
            raise
        self._loaded = time.monotonic()


ring = KeyRing()


def prepare() -> None:
    """
    Read the ring before the first request, so that it is in memory when the database goes.

    A process that starts while the database is away, or without a key, starts all the same.
    """
    try:
        ring.signing(timezone.now())
    except (db.Error, ConfigurationError) as error:
        log.warning("key_ring.not_read", reason=str(error))
    finally:
        db.connections.close_all()


def rotate(*, now: datetime, sign_in: timedelta, overlap: timedelta) -> SigningKey:
    """
    Add a key that signs ``sign_in`` from now; older keys are published ``overlap`` longer.

    Runs in the caller's transaction. The first key of a deployment signs at once.
    """
    if not SigningKey.objects.exists():
        sign_in = timedelta()
    key = _generate(settings.JWT_ALGORITHM, now=now, signs_from=now + sign_in)
    SigningKey.objects.filter(published_until=None).exclude(pk=key.pk).update(
        published_until=now + sign_in + overlap
    )
    db.transaction.on_commit(ring.forget)
    return key


def trim(*, now: datetime) -> int:
    """Delete keys that nothing published verifies any more."""
    return trimming.delete(SigningKey.objects.filter(published_until__lt=now))


def _generate(algorithm: str, *, now: datetime, signs_from: datetime) -> SigningKey:
    private = _MAKERS[algorithm]()
    encoded = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    kid = new_token("")[:16]
    to_jwk = get_default_algorithms()[algorithm].to_jwk
    jwk = json.loads(to_jwk(private.public_key()))
    jwk.pop("key_ops", None)
    return SigningKey.objects.create(
        kid=kid,
        algorithm=algorithm,
        private_key=encrypt(encoded, purpose=_PURPOSE),
        public_jwk={**jwk, "kid": kid, "use": "sig", "alg": algorithm},
        created_at=now,
        signs_from=signs_from,
    )


def _parse(row: SigningKey, known: RingKey | None) -> RingKey:
    if known is not None:
        # The same objects, so that what they verified is recognised as theirs.
        return replace(known, published_until=row.published_until)
    encoded = decrypt(bytes(row.private_key), purpose=_PURPOSE)
    private: Any = serialization.load_der_private_key(encoded, password=None)
    return RingKey(
        kid=row.kid,
        algorithm=row.algorithm,
        private=private,
        public=private.public_key(),
        jwk=row.public_jwk,
        signs_from=row.signs_from,
        published_until=row.published_until,
    )
