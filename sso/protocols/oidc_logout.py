"""
Signing out with an OpenID provider, in both directions.

OpenID Connect RP-Initiated Logout 1.0, by which a person's browser takes the news to the provider,
and OpenID Connect Back-Channel Logout 1.0, by which the provider tells Plinto.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accounts.services import code_flow, provider_documents, signed_tokens
from accounts.services.code_flow import Client
from accounts.services.statements import StatementRefused, subject_of
from sso.protocols import oidc

# Section 2.4; older providers write no kind, or that of any token.
_KINDS = frozenset({"logout+jwt", "jwt"})
_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class SignedOut:
    """
    Whom a provider has signed out: a session of it, all of a person, or both said; never neither.

    ``token_id`` makes the news unique until ``usable_until``.
    """

    subject: str
    session_index: str
    token_id: str
    usable_until: datetime


def url(
    endpoint: str, *, client_id: str, hint: str, state: str, post_logout_redirect_uri: str
) -> str:
    """
    Say where to send a browser so that its person is signed out at the provider too.

    ``hint`` is the ID token of the sign-in, or empty: then the provider asks the person first.
    """
    parameters = {
        "client_id": client_id,
        "post_logout_redirect_uri": post_logout_redirect_uri,
        "state": state,
    }
    if hint:
        parameters["id_token_hint"] = hint
    return code_flow.located(endpoint, parameters)


def signed_out(
    client: Client, token: Any, *, clock_skew: int, until: float, now: datetime
) -> SignedOut:
    """
    Read a logout token (Back-Channel Logout 1.0, section 2.6).

    :raises Refused: it cannot be believed
    """
    with oidc.refusing():
        documents = provider_documents.of(client.issuer)
        claims = signed_tokens.opened(token, documents=documents, kinds=_KINDS, until=until).claims
        signed_tokens.check_parties(claims, issuer=client.issuer, client_id=client.client_id)
        moment = int(now.timestamp())
        signed_tokens.check_times(claims, now=moment, leeway=clock_skew)
        _check_event(claims)
        subject = subject_of(claims["sub"]) if "sub" in claims else ""
        session = oidc.session_of(claims)
        if not subject and not session:
            raise StatementRefused("logout: nobody")
        ends = min(signed_tokens.seconds_of(claims, "exp"), moment + signed_tokens.OLDEST)
        return SignedOut(
            subject=subject,
            session_index=session,
            token_id=_id_of(claims),
            usable_until=datetime.fromtimestamp(ends, tz=UTC),
        )


def _check_event(claims: Mapping[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise StatementRefused("logout: event")
    if "nonce" in claims:
        # Section 2.4: what has one is an ID token.
        raise StatementRefused("logout: nonce")


def _id_of(claims: Mapping[str, Any]) -> str:
    said = claims.get("jti")
    if not isinstance(said, str) or not 0 < len(said) <= _LONGEST_ID or not said.isprintable():
        raise StatementRefused("logout: id")
    return said
