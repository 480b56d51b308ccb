"""
Believing a signed token of an OpenID Connect provider, whatever it says (RFC 8725).

The algorithm is of a list and must fit the key, the key is one that the provider publishes, and
the token is of its issuer, for this client, and of this moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import Key

from accounts.services.provider_documents import Documents
from accounts.services.statements import StatementRefused

# RFC 9864 retired the name EdDSA, which does not say of which curve.
# Symmetric ones are missing: with them a published key would be a secret (RFC 8725, section 3.1).
_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "Ed25519": "OKP"}
_LONGEST = 16 * 1024
LEEWAY = 120  # seconds that two clocks may differ
_END_OF_TIME = 253_402_300_800  # the year 10000
OLDEST = 600  # seconds since it was issued: it was asked for, or sent, a moment ago


@dataclass(frozen=True, slots=True)
class Signed:
    """What a provider has signed, and with which algorithm."""

    claims: dict[str, Any]
    algorithm: str


def opened(token: Any, *, documents: Documents, kinds: frozenset[str], until: float) -> Signed:
    """
    Return what a provider has signed; ``kinds`` are the ``typ`` that it may have, in small letters.

    A token that does not say its kind must be told from others by its claims.

    :raises StatementRefused: the provider did not sign it, or signed something else
    """
    if not isinstance(token, str) or not token.isascii() or len(token) > _LONGEST:
        raise StatementRefused("token: size")
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in _KEY_TYPES:
            raise StatementRefused("token: algorithm")
        key = _fitting(header, documents.keys(until=until))
        if key is None:
            key = _fitting(header, documents.keys(until=until, is_stale=True))
        if key is None:
            raise StatementRefused("token: key")
        signed = Signed(dict(jwt.decode(token, key, algorithms=[algorithm]).claims), algorithm)
    except BadSignatureError as error:
        raise StatementRefused("token: signature") from error
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise StatementRefused(f"token: form, {type(error).__name__}") from error
    _check_kind(header, kinds)
    return signed


def check_parties(claims: Mapping[str, Any], *, issuer: str, client_id: str) -> None:
    """
    See that a token is of this issuer and for this client (Core, section 3.1.3.7, 2 to 5).

    :raises StatementRefused: it is not
    """
    if claims.get("iss") != issuer:
        raise StatementRefused("token: issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise StatementRefused("token: audience")
    party = claims.get("azp")
    if party != client_id and (party is not None or len(audiences) > 1):
        raise StatementRefused("token: authorized party")


def check_times(claims: Mapping[str, Any], *, now: int, leeway: int) -> None:
    """
    See that a token is of this moment; all in seconds.

    :raises StatementRefused: it is older or younger, or does not say
    """
    ends, began = seconds_of(claims, "exp"), seconds_of(claims, "iat")
    if ends <= now - leeway:
        raise StatementRefused("token: expired")
    if not now - OLDEST - leeway <= began <= now + leeway:
        raise StatementRefused("token: issued at")
    if "nbf" in claims and seconds_of(claims, "nbf") > now + leeway:
        raise StatementRefused("token: not yet")


def seconds_of(claims: Mapping[str, Any], name: str) -> float:
    """
    Read a moment.

    :raises StatementRefused: it is not there, or no number
    """
    said = claims.get(name)
    if not is_moment(said):
        raise StatementRefused("token: times")
    return said


def is_moment(said: Any) -> TypeGuard[float]:
    """Tell whether a claim is a NumericDate (RFC 7519, section 2)."""
    is_number = isinstance(said, int | float) and not isinstance(said, bool)
    # Python reads NaN and 1e999, which compare with nothing as one would think.
    return is_number and abs(said) < _END_OF_TIME


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


def _check_kind(header: Mapping[str, Any], kinds: frozenset[str]) -> None:
    # RFC 8725, section 3.11: a token of one kind is not taken for one of another.
    said = header.get("typ")
    if said is not None and str(said).lower().removeprefix("application/") not in kinds:
        raise StatementRefused("token: kind")
