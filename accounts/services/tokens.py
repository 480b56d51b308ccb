"""Access tokens: JWTs by RFC 9068 over simplejwt, signed and verified with the key ring."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.utils import timezone
from jwt.utils import base64url_decode
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.exceptions import TokenError as ForeignTokenError
from rest_framework_simplejwt.tokens import AccessToken as SimpleAccessToken
from rest_framework_simplejwt.tokens import Token

from accounts import controls
from accounts.models import Session
from accounts.services.keys import KeyRing, ring
from accounts.services.verified_tokens import Claims, Verified, VerifiedTokens
from plinto.kernel import services
from plinto.kernel.exceptions import TokenError
from resilience.contract import enforces

_TYPE = "at+jwt"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "sid", "jti"]
# A token of ours is under 1 kB; a bound before decoding keeps junk cheap.
_LONGEST = 4096


class _RingBackend(TokenBackend):
    """
    simplejwt's coder, with the key chosen by ``kid`` from the ring and by nothing else.

    The algorithm belongs to the key, never to the token (RFC 8725, section 3.1), and a header
    with any other parameter (``jku``, ``x5u``, ``jwk``, ``crit``) is refused.
    """

    def __init__(self, keys: KeyRing) -> None:
        super().__init__(
            settings.JWT_ALGORITHM, audience=settings.JWT_AUDIENCE, issuer=settings.PUBLIC_URL
        )
        self._keys = keys

    def encode(self, payload: dict[str, Any]) -> str:
        key = self._keys.signing(timezone.now())
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(
            claims, key.private, algorithm=key.algorithm, headers={"kid": key.kid, "typ": _TYPE}
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002, ARG002
        try:
            header = jwt.get_unverified_header(token)
            if set(header) != {"alg", "kid", "typ"} or header["typ"] != _TYPE:
                raise TokenBackendError("header")
            key = self._keys.verifying(str(header["kid"]), timezone.now())
            if key is None:
                raise TokenBackendError("kid")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenBackendExpiredToken("expired") from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise TokenBackendError(type(error).__name__) from error
        return claims


_backend = _RingBackend(ring)


class AccessToken(SimpleAccessToken):
    """simplejwt's access token over the key ring."""

    def get_token_backend(self) -> TokenBackend:
        return _backend


def public_key(kid: str, now: datetime) -> Any | None:
    """The public key that the ring publishes under a name at a moment; always the same object."""
    key = ring.verifying(kid, now)
    return key and key.public


verified_tokens = VerifiedTokens(public_key)


@enforces(controls.SIGNING_KEYS)
class JWTService:
    """Issues and reads access tokens."""

    lifetime: timedelta = settings.ACCESS_TOKEN_LIFETIME

    def __init__(self, verified: VerifiedTokens | None = None) -> None:
        self._verified = verified_tokens if verified is None else verified

    def require_key(self, *, now: datetime) -> None:
        """
        See that there is a key to sign with, before something is done for a token's sake.

        :raises ConfigurationError: no signing key
        """
        ring.signing(now)

    def issue(self, session: Session, *, now: datetime) -> str:
        """
        Sign an access token for a session.

        :raises ConfigurationError: no signing key
        """
        token = AccessToken()
        token.set_exp(from_time=now, lifetime=self.lifetime)
        token.set_iat(at_time=now)
        token["sub"] = str(session.user_id)
        token["sid"] = str(session.pk)
        token["org"] = str(session.organization_id) if session.organization_id else None
        token["scope"] = ""
        token["amr"] = session.methods
        token["auth_time"] = int(session.authenticated_at.timestamp())
        return str(token)

    def read(self, raw: bytes) -> Claims:
        """
        Verify an access token, or find that it was verified and is still good.

        :raises TokenError: malformed, forged, expired, for somebody else, or of another kind
        """
        if len(raw) > _LONGEST:
            raise TokenError(reason="too long")
        known = self._verified.find(raw, now=timezone.now())
        return known or self._verify(raw)

    def read_whole(self, raw: bytes) -> tuple[Claims, dict[str, Any]]:
        """
        Do the same, and return besides everything that the token says.

        :raises TokenError: malformed, forged, expired, for somebody else, or of another kind
        """
        claims = self.read(raw)
        return claims, json.loads(base64url_decode(raw.split(b".")[1]))

    def _verify(self, raw: bytes) -> Claims:
        try:
            token = AccessToken(_as_token(raw))
            organization = token.get("org")
            claims = Claims(
                user_id=UUID(token["sub"]),
                session_id=UUID(token["sid"]),
                organization_id=UUID(organization) if organization else None,
            )
            ends_at = int(token["exp"])
        except (ForeignTokenError, ValueError, TypeError, AttributeError) as error:
            raise TokenError(reason=f"access token: {error}") from error
        kid = jwt.get_unverified_header(raw)["kid"]
        public = public_key(kid, timezone.now())
        if public is not None:
            self._verified.keep(raw, Verified(claims, kid=kid, public=public, ends_at=ends_at))
        return claims


def _as_token(raw: bytes) -> Token:
    # simplejwt types its constructor as taking a Token, but reads the encoded bytes.
    return raw  # type: ignore[return-value]


services.register(JWTService, JWTService)


def get_jwt_service() -> JWTService:
    """Return the process-wide token service."""
    return services.get(JWTService)
