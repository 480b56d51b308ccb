"""
Believing an ID token (OpenID Connect Core, section 3.1.3.7; RFC 8725).

The algorithm is of a list and must fit the key, the key is one that the provider publishes, and
every claim that ties the token to this provider, this client and this sign-in is required.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from accounts.providers import Provider
from accounts.services.provider_documents import Documents
from accounts.services.statements import StatementRefused

# RFC 9864 retired the name EdDSA, which does not say of which curve.
# Symmetric ones are missing: with them a published key would be a secret (RFC 8725, section 3.1).
_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "Ed25519": "OKP"}
_LONGEST = 16 * 1024
_LEEWAY = 120  # seconds that two clocks may differ
_OLDEST = 600  # seconds since it was issued: it was asked for a moment ago


def verified(
    token: Any,
    *,
    provider: Provider,
    documents: Documents,
    nonce: str,
    until: float,
    now: datetime,
) -> dict[str, Any]:
    """
    Return the claims of a token that can be believed.

    :raises StatementRefused: saying what is wrong with it
    """
    if not isinstance(token, str) or not token.isascii() or len(token) > _LONGEST:
        raise StatementRefused("token: size")
    claims = _signed(token, documents=documents, until=until)
    _check_parties(claims, provider=provider)
    _check_time(claims, now=int(now.timestamp()))
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise StatementRefused("token: nonce")
    return claims


def _signed(token: str, *, documents: Documents, until: float) -> dict[str, Any]:
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm = header.get("alg")
        if algorithm not in _KEY_TYPES:
            raise StatementRefused("token: algorithm")
        key = _fitting(header, documents.keys(until=until))
        if key is None:
            key = _fitting(header, documents.keys(until=until, is_stale=True))
        if key is None:
            raise StatementRefused("token: unknown key")
        return dict(jwt.decode(token, key, algorithms=[algorithm]).claims)
    except (JoseError, ValueError, TypeError) as error:
        raise StatementRefused(f"token: {type(error).__name__}") from error


def _fitting(header: Mapping[str, Any], keys: list[Key]) -> Key | None:
    """Choose the one key that may have signed; of several without a name none is taken."""
    algorithm, name = header["alg"], header.get("kid")
    fitting = [
        key
        for key in keys
        if key.key_type == _KEY_TYPES[algorithm]
        and key.as_dict(private=False).get("alg", algorithm) == algorithm
        and (name is None or key.kid == name)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _check_parties(claims: Mapping[str, Any], *, provider: Provider) -> None:
    if claims.get("iss") != provider.issuer:
        raise StatementRefused("token: issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in audiences:
        raise StatementRefused("token: audience")
    party = claims.get("azp")
    if party != provider.client_id and (party is not None or len(audiences) > 1):
        raise StatementRefused("token: authorized party")


def _check_time(claims: Mapping[str, Any], *, now: int) -> None:
    ends, began = _seconds(claims, "exp"), _seconds(claims, "iat")
    if ends <= now - _LEEWAY:
        raise StatementRefused("token: expired")
    if not now - _OLDEST - _LEEWAY <= began <= now + _LEEWAY:
        raise StatementRefused("token: issued at")
    if "nbf" in claims and _seconds(claims, "nbf") > now + _LEEWAY:
        raise StatementRefused("token: not yet")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    said = claims.get(name)
    if not isinstance(said, int | float) or isinstance(said, bool):
        raise StatementRefused("token: times")
    return said
