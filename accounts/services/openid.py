"""Asking an OpenID Connect provider of the deployment who came back, with its habits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwk, jwt

from accounts.providers import AppleKey, Provider, Vouching
from accounts.services import code_flow, id_tokens, provider_documents
from accounts.services.code_flow import Client, Secrets
from accounts.services.id_tokens import Wanted
from accounts.services.statements import Statement, email_of, subject_of, text_of

_APPLE_SECRET_SECONDS = 300
_TRUE = {Vouching.STANDARD: (True,), Vouching.APPLE: (True, "true")}


def authorization_url(
    provider: Provider, parameters: Mapping[str, str], kept: Secrets, *, until: float
) -> str:
    """
    Say where to send a browser.

    :raises StatementRefused: the provider's metadata are not to be had
    """
    parameters = {**parameters, "nonce": kept.nonce}
    if provider.posts_back:
        parameters = {**parameters, "response_mode": "form_post"}
    return code_flow.authorization_url(provider.issuer, parameters, until=until)


def statement(
    provider: Provider, code: str, kept: Secrets, *, callback: str, until: float, now: datetime
) -> Statement:
    """
    Exchange a code and return whom the provider vouches for.

    :raises StatementRefused: no token, or none that can be believed
    """
    issuer, client_id = provider.issuer, provider.client_id
    tokens = code_flow.redeemed(
        Client(issuer, client_id, _secret(provider, now=now)),
        code,
        verifier=kept.verifier,
        callback=callback,
        until=until,
        is_secret_posted=provider.apple_key is not None,
    )
    claims = id_tokens.verified(
        tokens.get("id_token"),
        Wanted(
            issuer=issuer,
            client_id=client_id,
            nonce=kept.nonce,
            access_token=tokens.get("access_token"),
        ),
        documents=provider_documents.of(issuer),
        until=until,
        now=now,
    )
    if "email" not in claims:
        claims = {**code_flow.userinfo(issuer, tokens, claims, until=until), **claims}
    return Statement(
        subject=subject_of(claims.get("sub")),
        email=email_of(claims.get("email")),
        is_vouched=_is_vouched(claims, provider.vouching),
        name=text_of(claims.get("name"), most=200),
    )


def _is_vouched(claims: Mapping[str, Any], vouching: Vouching) -> bool:
    if vouching is Vouching.MICROSOFT:
        # Its email claim is whatever a tenant's administrator typed, unless this is set.
        return claims.get("xms_edov") in (True, 1, "1", "true")
    said = claims.get("email_verified")
    return any(said is true or (isinstance(true, str) and said == true) for true in _TRUE[vouching])


def _secret(provider: Provider, *, now: datetime) -> str:
    key = provider.apple_key
    return provider.client_secret if key is None else _signed(provider, key, now=now)


def _signed(provider: Provider, key: AppleKey, *, now: datetime) -> str:
    """Sign a client secret as Apple wants it: a JWT for the next minutes."""
    issued = int(now.timestamp())
    claims = {
        "iss": key.team_id,
        "sub": provider.client_id,
        "aud": provider.issuer,
        "iat": issued,
        "exp": issued + _APPLE_SECRET_SECONDS,
    }
    header = {"alg": "ES256", "kid": key.key_id}
    return jwt.encode(header, claims, jwk.import_key(key.pem, "EC"))
