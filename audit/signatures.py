"""
What is signed over the trail, and with which keys: Ed25519 (RFC 8032), keys as JWK (RFC 8037).

Nothing here knows Django or a database: an auditor holds a file and the public keys.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.chain import Statement

Told = dict[str, Any]

_TIMES, _CHAINS = {"signed_at"}, {"chain"}
_NUMBERS, _TEXTS = {"number", "first", "last"}, {"kid"}


class BrokenProofError(ValueError):
    """What was shown does not hold; the text says the first reason."""


def jwk(kid: str, public: bytes) -> Told:
    """Write a public key as others read it (RFC 8037, section 2)."""
    x = urlsafe_b64encode(public).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x}


def told(statement: Statement, signature: bytes) -> Told:
    """Write a signed statement as JSON; what was signed is the canonical form of ``statement``."""
    return {"statement": orjson.loads(statement.signed()), "signature": signature.hex()}


def verified(checkpoint: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> Statement:
    """
    Return what ``told`` wrote, if one of ``keys``, given as JWKs, signed it.

    :raises BrokenProofError: it is in another form, or no such key signed it
    """
    try:
        statement = _read(checkpoint["statement"])
        signature = bytes.fromhex(checkpoint["signature"])
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenProofError("not a signed checkpoint") from error
    if not is_signed(statement.signed(), signature, kid=statement.kid, keys=keys):
        raise BrokenProofError(f"no key named {statement.kid} signed the checkpoint")
    return statement


def is_signed(
    octets: bytes, signature: bytes, *, kid: str, keys: Iterable[Mapping[str, Any]]
) -> bool:
    """Say whether the key named ``kid`` is among ``keys`` and signed ``octets``."""
    for key in keys:
        if key.get("kid") == kid and (key.get("kty"), key.get("crv")) == ("OKP", "Ed25519"):
            try:
                _public(key).verify(signature, octets)
            except (InvalidSignature, KeyError, TypeError, ValueError):
                continue
            return True
    return False


def _public(key: Mapping[str, Any]) -> Ed25519PublicKey:
    x: str = key["x"]
    return Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(x + "=" * (-len(x) % 4)))


def _read(written: Mapping[str, Any]) -> Statement:
    names = {field.name for field in fields(Statement)}
    if written["statement"] != "checkpoint" or written.keys() != {"statement", *names}:
        raise ValueError("another statement")
    return Statement(**{name: _value(name, written[name]) for name in names})


def _value(name: str, written: Any) -> Any:
    if name in _NUMBERS:
        if type(written) is not int:
            raise ValueError(name)
        return written
    if not isinstance(written, str):
        raise ValueError(name)
    if name in _TEXTS:
        return written
    if name in _CHAINS:
        return UUID(written)
    return datetime.fromisoformat(written) if name in _TIMES else bytes.fromhex(written)
