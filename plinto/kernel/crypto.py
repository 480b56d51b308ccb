"""
Secrets at rest: sealed fields, keyed digests, and tokens that are kept only as digests.

Fields are sealed under ``FIELD_KEYS`` and digests are keyed by ``SECRET_KEY``, so a copy of the
database alone reveals neither. Every use names its ``purpose``: a value moved from one column
to another, or a digest of one kind presented as another, does not verify.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from plinto.kernel.exceptions import ConfigurationError

_VERSION = b"\x01"  # AES-256-GCM under an HKDF-SHA256 key, nonce first
_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2.2: random 96-bit nonces, up to 2^32 per key
_TAG_BYTES = 16


def encrypt(plain: bytes, *, purpose: str) -> bytes:
    """
    Seal ``plain`` under the first of ``FIELD_KEYS``: version, nonce, ciphertext, tag.

    :raises ConfigurationError: a field key is not 32 bytes in URL-safe base64
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    cipher = _cipher(settings.FIELD_KEYS[0], purpose)
    return _VERSION + nonce + cipher.encrypt(nonce, plain, _bound(purpose))


def decrypt(sealed: bytes | memoryview, *, purpose: str) -> bytes:
    """
    Open what ``encrypt`` sealed for the same purpose, under any of ``FIELD_KEYS``.

    There is no empty answer: a caller that cannot read a secret must stop, not go on without it.

    :raises ConfigurationError: no key opens it, because the key is gone or the bytes were changed
    """
    sealed = bytes(sealed)  # drivers hand out memoryview
    if sealed[:1] != _VERSION or len(sealed) < len(_VERSION) + _NONCE_BYTES + _TAG_BYTES:
        raise ConfigurationError(reason=f"field of {purpose} is not in a known sealed form")
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    for key in settings.FIELD_KEYS:
        try:
            return _cipher(key, purpose).decrypt(nonce, body, _bound(purpose))
        except InvalidTag:
            continue
    raise ConfigurationError(reason=f"none of FIELD_KEYS opens a field of {purpose}")


def new_sealed_key(*, purpose: str) -> bytes:
    """Draw a key of 256 bits and seal it, to be stored and destroyed with what it is for."""
    return encrypt(secrets.token_bytes(32), purpose=purpose)


def encrypt_under(key: bytes | memoryview, plain: bytes, *, purpose: str) -> bytes:
    """
    Seal ``plain`` under a key that ``new_sealed_key`` drew for ``purpose``.

    Whoever destroys that key destroys all that was sealed under it.

    :raises ConfigurationError: no field key opens the key
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    cipher = AESGCM(decrypt(key, purpose=purpose))
    return _VERSION + nonce + cipher.encrypt(nonce, plain, _bound(purpose))


def decrypt_under(key: bytes | memoryview, sealed: bytes, *, purpose: str) -> bytes:
    """
    Open what ``encrypt_under`` sealed under the same key.

    :raises ConfigurationError: it was sealed under another, or was changed
    """
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    cipher = AESGCM(decrypt(key, purpose=purpose))
    try:
        return cipher.decrypt(nonce, body, _bound(purpose))
    except InvalidTag as error:
        raise ConfigurationError(reason=f"another key sealed a field of {purpose}") from error


def keyed_digest(value: bytes | str, *, purpose: str) -> bytes:
    """
    HMAC-SHA256 under a key that only this purpose has, derived from ``SECRET_KEY``.

    For values short enough to be guessed from a plain digest, such as six-digit codes.
    """
    key = _digest_key(settings.SECRET_KEY, purpose)
    return hmac.digest(key, _bytes(value), "sha256")


def token_digest(token: str) -> bytes:
    """
    SHA-256 of a token minted by ``new_token``.

    A plain hash suffices because 256 random bits cannot be guessed; looking the row up by it
    leaks no prefix of the token through timing.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_token(prefix: str) -> str:
    """Mint ``prefix`` followed by 256 random bits in URL-safe base64 (43 characters)."""
    return prefix + secrets.token_urlsafe(32)


def _bytes(value: bytes | str) -> bytes:
    # Lone surrogates reach this from JSON bodies; they must not match, and must not raise.
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _bound(purpose: str) -> bytes:
    return _VERSION + purpose.encode()


@lru_cache(maxsize=128)
def _cipher(encoded: str, purpose: str) -> AESGCM:
    try:
        key = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise ConfigurationError(reason="a field key is not URL-safe base64") from error
    if len(key) != 32:
        raise ConfigurationError(reason="a field key is not 32 bytes")
    return AESGCM(_derive(key, info=b"plinto.field:" + purpose.encode()))


@lru_cache(maxsize=128)
def _digest_key(secret: str, purpose: str) -> bytes:
    return _derive(secret.encode(), info=b"plinto.digest:" + purpose.encode())


def _derive(key: bytes, *, info: bytes) -> bytes:
    # A derivation object answers once, so a new one is made for every key.
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)
