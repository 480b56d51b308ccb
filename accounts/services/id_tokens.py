"""
Believing an ID token (OpenID Connect Core, section 3.1.3.7).

Every claim that ties the token to its provider, this client and this sign-in is required.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.services import signed_tokens
from accounts.services.provider_documents import Documents
from accounts.services.signed_tokens import Signed
from accounts.services.statements import StatementRefused

_KINDS = frozenset({"jwt"})
# Whatever else is on the list of algorithms ends in 256.
_HASHES = {"Ed25519": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What one sign-in asks of its ID token.

    ``leeway`` in seconds. ``access_token`` is what came along with it. Whoever signs in must have
    proved themselves at the provider since ``proved_since``, unless that does not matter.
    """

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    leeway: int = signed_tokens.LEEWAY
    access_token: Any = field(default=None, repr=False)
    proved_since: datetime | None = None


def verified(
    token: Any, wanted: Wanted, *, documents: Documents, until: float, now: datetime
) -> dict[str, Any]:
    """
    Return the claims of a token that can be believed.

    :raises StatementRefused: saying what is wrong with it
    """
    signed = signed_tokens.opened(token, documents=documents, kinds=_KINDS, until=until)
    claims = signed.claims
    signed_tokens.check_parties(claims, issuer=wanted.issuer, client_id=wanted.client_id)
    moment = int(now.timestamp())
    signed_tokens.check_times(claims, now=moment, leeway=wanted.leeway)
    said = claims.get("nonce")
    if not isinstance(said, str) or not _are_equal(said, wanted.nonce):
        raise StatementRefused("token: nonce")
    _check_access_token(signed, wanted.access_token)
    _check_proof(claims, wanted, now=moment)
    return claims


def _check_access_token(signed: Signed, access_token: Any) -> None:
    """See that the access token is the one that was signed for (Core, section 3.1.3.8)."""
    if "at_hash" not in signed.claims:
        return
    said = signed.claims["at_hash"]
    if not isinstance(said, str) or not isinstance(access_token, str):
        raise StatementRefused("token: at_hash")
    digest = _HASHES.get(signed.algorithm, hashlib.sha256)(access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not _are_equal(said, half):
        raise StatementRefused("token: at_hash")


def _check_proof(claims: Mapping[str, Any], wanted: Wanted, *, now: int) -> None:
    """Core, section 3.1.2.1: whoever asks for a maximal age must look at ``auth_time``."""
    said = claims.get("auth_time")
    if said is None and wanted.proved_since is None:
        return
    if not signed_tokens.is_moment(said):
        raise StatementRefused("token: auth_time, missing")
    if said > now + wanted.leeway:
        raise StatementRefused("token: auth_time, of the future")
    if wanted.proved_since and said < int(wanted.proved_since.timestamp()) - wanted.leeway:
        raise StatementRefused("token: auth_time, too old")


def _are_equal(said: str, wanted: str) -> bool:
    return hmac.compare_digest(said.encode(errors="replace"), wanted.encode(errors="replace"))
