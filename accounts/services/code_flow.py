"""
The authorization code flow with PKCE, as far as it is the same at every provider.

OpenID Connect Core, section 3.1, RFC 7636, and RFC 9207 against mix-up. Whoever uses it keeps the
secrets in a row that one browser can come back to once.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote_plus, urlencode

import orjson

from accounts.services import provider_documents
from accounts.services.statements import StatementRefused, Word

# A browser waits for all that is asked of a provider together; people give up after ten.
PATIENCE = 8.0
_LONGEST_CODE = 4096
_ERROR = re.compile(r"[a-z_]{1,60}\Z")
_ACCESS_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}\Z")  # RFC 6749, appendix A.12, without spaces
_DENIED = {"access_denied", "user_cancelled_authorize", "consent_required", "login_required"}


@dataclass(frozen=True, slots=True)
class Client:
    """Plinto as one provider knows it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only the row of a sign-in knows."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def drawn(cls) -> Self:
        return cls(nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48))

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        nonce, verifier = orjson.loads(packed)
        return cls(nonce=nonce, verifier=verifier)

    def packed(self) -> bytes:
        """Write them down, to be sealed in their row."""
        return orjson.dumps([self.nonce, self.verifier])

    @property
    def parameters(self) -> dict[str, str]:
        """What is told of the verifier (RFC 7636, section 4.2); the nonce is OpenID Connect's."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }


def authorization_url(issuer: str, parameters: Mapping[str, str], *, until: float) -> str:
    """
    Say where to send a browser.

    :raises StatementRefused: the provider's metadata are not to be had
    """
    endpoint = provider_documents.of(issuer).metadata(until=until).authorization_endpoint
    return located(endpoint, parameters)


def located(endpoint: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to an address that may have some."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def check_issuer(issuer: str, said: str | None, *, until: float) -> None:
    """
    See that an answer names its provider, if it does so at all or must (RFC 9207).

    :raises StatementRefused: it is another provider's answer (mix-up)
    """
    if said is None:
        if provider_documents.of(issuer).metadata(until=until).names_itself:
            raise StatementRefused("answer: issuer, missing")
    elif said != issuer:
        raise StatementRefused("answer: issuer")


def code_of(answer: Mapping[str, str]) -> str:
    """
    Return the code of an answer.

    :raises StatementRefused: it brings an error, or no code
    """
    if "error" in answer:
        word = Word.DENIED if answer["error"] in _DENIED else Word.REFUSED
        said = answer["error"] if _ERROR.match(answer["error"]) else "of no known form"
        raise StatementRefused(f"answer: error, {said}", word=word)
    code = answer.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        raise StatementRefused("answer: code")
    return code


def redeemed(
    client: Client,
    code: str,
    *,
    verifier: str,
    callback: str,
    until: float,
    is_secret_posted: bool = False,
) -> Mapping[str, Any]:
    """
    Exchange a code for tokens, of which nothing is known yet.

    The secret goes into the form where the provider does not take Basic, or if it must.

    :raises StatementRefused: the provider gives none
    """
    documents = provider_documents.of(client.issuer)
    metadata = documents.metadata(until=until)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": verifier,
    }
    headers = {}
    if metadata.takes_basic and not is_secret_posted:
        headers["Authorization"] = _basic(client)
    else:
        form |= {"client_id": client.client_id, "client_secret": client.client_secret}
    tokens = documents.ask(
        metadata.token_endpoint,
        form=urlencode(form).encode(),
        headers=headers,
        until=until,
        step="code",
    )
    if not isinstance(tokens, dict):
        raise StatementRefused("code: no tokens")
    return tokens


def userinfo(
    issuer: str, tokens: Mapping[str, Any], claims: Mapping[str, Any], *, until: float
) -> dict[str, Any]:
    """
    Ask for the claims of the scopes, which need not be in the token (Core, section 5.4).

    Empty where the provider has no such endpoint.

    :raises StatementRefused: it does not say, or of somebody else
    """
    documents = provider_documents.of(issuer)
    endpoint = documents.metadata(until=until).userinfo_endpoint
    if not endpoint:
        return {}
    access = tokens.get("access_token")
    if not isinstance(access, str) or not _ACCESS_TOKEN.match(access):
        raise StatementRefused("userinfo: access token")
    headers = {"Authorization": f"Bearer {access}"}
    said = documents.ask(endpoint, headers=headers, until=until, step="userinfo")
    if not isinstance(said, dict) or said.get("sub") != claims.get("sub"):
        # Core, section 5.3.2: tokens may have been substituted.
        raise StatementRefused("userinfo: subject")
    return said


def _basic(client: Client) -> str:
    # RFC 6749, section 2.3.1: both are form-encoded first.
    both = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    return f"Basic {base64.b64encode(both.encode()).decode()}"
