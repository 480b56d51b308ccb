"""Asking an OpenID Connect provider: where to send a browser, and who came back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwk, jwt

from accounts.providers import AppleKey, Provider, Vouching
from accounts.services import id_tokens, provider_documents
from accounts.services.statements import (
    Statement,
    StatementRefused,
    email_of,
    fetch,
    subject_of,
    text_of,
)

_APPLE_SECRET_SECONDS = 300
_TRUE = {Vouching.STANDARD: (True,), Vouching.APPLE: (True, "true")}


def authorization_url(provider: Provider, parameters: Mapping[str, str], *, until: float) -> str:
    """
    Say where to send a browser.

    :raises StatementRefused: the provider's metadata are not to be had
    """
    metadata = provider_documents.of(provider).metadata(until=until)
    if provider.posts_back:
        parameters = {**parameters, "response_mode": "form_post"}
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(parameters)}"


def check_issuer(provider: Provider, said: str | None, *, until: float) -> None:
    """
    See that an answer names its provider, if it does so at all or must (RFC 9207).

    :raises StatementRefused: it is another provider's answer (mix-up)
    """
    if said is None:
        if provider_documents.of(provider).metadata(until=until).names_itself:
            raise StatementRefused("answer: no issuer")
    elif said != provider.issuer:
        raise StatementRefused("answer: issuer")


def statement(
    provider: Provider,
    code: str,
    *,
    verifier: str,
    nonce: str,
    callback: str,
    until: float,
    now: datetime,
) -> Statement:
    """
    Exchange a code and return whom the provider vouches for.

    :raises StatementRefused: no token, or none that can be believed
    """
    documents = provider_documents.of(provider)
    metadata = documents.metadata(until=until)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": verifier,
    }
    headers = {}
    if metadata.takes_basic and provider.apple_key is None:
        headers["Authorization"] = _basic(provider)
    else:
        form |= {"client_id": provider.client_id, "client_secret": _secret(provider, now=now)}
    answer = fetch(
        metadata.token_endpoint, form=urlencode(form).encode(), headers=headers, until=until
    )
    claims = id_tokens.verified(
        answer.get("id_token") if isinstance(answer, dict) else None,
        provider=provider,
        documents=documents,
        nonce=nonce,
        until=until,
        now=now,
    )
    if "email" not in claims and metadata.userinfo_endpoint:
        claims = {**_userinfo(metadata.userinfo_endpoint, answer, claims, until=until), **claims}
    return Statement(
        subject=subject_of(claims.get("sub")),
        email=email_of(claims.get("email")),
        is_vouched=_is_vouched(claims, provider.vouching),
        name=text_of(claims.get("name"), most=200),
    )


def _userinfo(
    endpoint: str, answer: Mapping[str, Any], claims: Mapping[str, Any], *, until: float
) -> dict[str, Any]:
    """Ask for the claims of the scopes, which need not be in the token (Core, section 5.4)."""
    headers = {"Authorization": f"Bearer {text_of(answer.get('access_token'), most=8192)}"}
    said = fetch(endpoint, headers=headers, until=until)
    if not isinstance(said, dict) or said.get("sub") != claims.get("sub"):
        # Core, section 5.3.2: tokens may have been substituted.
        raise StatementRefused("userinfo: subject")
    return said


def _is_vouched(claims: Mapping[str, Any], vouching: Vouching) -> bool:
    if vouching is Vouching.MICROSOFT:
        # Its email claim is whatever a tenant's administrator typed, unless this is set.
        return claims.get("xms_edov") in (True, 1, "1", "true")
    said = claims.get("email_verified")
    return any(said is true or (isinstance(true, str) and said == true) for true in _TRUE[vouching])


def _basic(provider: Provider) -> str:
    # RFC 6749, section 2.3.1: both are form-encoded first.
    both = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
    return f"Basic {base64.b64encode(both.encode()).decode()}"


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
