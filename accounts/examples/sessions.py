"""Tokens and sessions as the OpenAPI document shows them."""

from __future__ import annotations

from uuid import UUID

from accounts.errors import (
    InvalidCode,
    InvalidCredentials,
    RefreshTokenReused,
    SessionEnded,
    TooManyAttempts,
)
from accounts.examples.values import PASSWORD, SESSION, SESSION_ID, SIGNED_IN, page
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import (
    AuthorizationError,
    RateLimitError,
    TokenError,
    ValidationError,
)

_ISSUER = "https://id.example.com"

SUBJECT = Subject(
    name="Tokens and sessions",
    description="Going on with a session, seeing and ending sessions, and what other services "
    "need to verify access tokens.",
    parameters={"session_id": SESSION_ID},
    operations={
        "refresh_tokens": Operation(
            summary="Trade a refresh token for new tokens",
            description="Each refresh token works once. One that comes back later than ten "
            "seconds after it was spent ends its session, because somebody else holds a copy.",
            body={"refresh": SIGNED_IN["refresh"]},
            answer=SIGNED_IN,
            refusals=(
                TokenError(),
                SessionEnded(),
                RefreshTokenReused(session_id=UUID(SESSION_ID)),
            ),
        ),
        "reauthenticate": Operation(
            summary="Prove again who you are",
            description="With one of `password`, `code` and `passkey`. For ten minutes the "
            "session may then do what `REAUTHENTICATION_REQUIRED` refuses.",
            body={"password": PASSWORD},
            refusals=(
                InvalidCredentials(),
                InvalidCode(),
                RateLimitError(),
                TooManyAttempts(retry_after=900, is_new=False, reason=""),
            ),
        ),
        "verify_request": Operation(
            summary="Ask for a proxy whether a request may pass",
            description="For `auth_request` of nginx, `forwardAuth` of Traefik and `ext_authz` of "
            "Envoy. 204 lets the request pass, 401 and 403 do not. The access token or API key is "
            "the one that the client sent to the proxy. What is let in is not counted against a "
            "rate limit.",
            refusals=(
                AuthorizationError("This needs the permission invoices:read."),
                ValidationError("Ask for permission and organization, each once at most."),
            ),
        ),
        "logout": Operation(
            summary="Sign out", description="The session is refused from the next request on."
        ),
        "logout_all": Operation(
            summary="Sign out everywhere", description="Ends every session, this one too."
        ),
        "list_sessions": Operation(summary="List your sessions", answer=page(SESSION)),
        "end_session": Operation(
            summary="End one of your sessions",
            description="It is refused from the next request on.",
        ),
        "end_other_sessions": Operation(summary="End all your sessions but this one"),
        "get_jwks": Operation(
            summary="Get the keys that access tokens are signed with",
            description="A JSON Web Key Set (RFC 7517). Answered from memory, so also without a "
            "database.",
            answer={
                "keys": [
                    {
                        "crv": "Ed25519",
                        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                        "kty": "OKP",
                        "kid": "7f3e",
                        "use": "sig",
                        "alg": "EdDSA",
                    }
                ]
            },
        ),
        "get_audit_jwks": Operation(
            summary="Get the keys that checkpoints of the audit trail are signed with",
            description="A JSON Web Key Set (RFC 7517, RFC 8037) of all of them, also those that "
            "sign no more: a proof names its key, and holds for years. Keep copies elsewhere.",
            answer={
                "keys": [
                    {
                        "kty": "OKP",
                        "crv": "Ed25519",
                        "use": "sig",
                        "alg": "EdDSA",
                        "kid": "c2VhbGVkLXRyYWls",
                        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                    }
                ]
            },
        ),
        "get_issuer_metadata": Operation(
            summary="Get the issuer's metadata",
            description="For OpenID Connect Discovery and RFC 8414.",
            answer={
                "issuer": _ISSUER,
                "jwks_uri": f"{_ISSUER}/.well-known/jwks.json",
                "id_token_signing_alg_values_supported": ["EdDSA"],
                "subject_types_supported": ["public"],
                "response_types_supported": [],
                "claims_supported": ["sub", "sid", "org", "scope", "iat", "exp", "iss", "aud"],
            },
        ),
    },
)
