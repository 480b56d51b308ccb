"""Requests to sign somebody in."""

from __future__ import annotations

import secrets
from datetime import datetime

from sso.facts import IdentityProvider, ServiceProvider
from sso.protocols.saml import moments, outgoing
from sso.protocols.saml.names import POST, saml, samlp
from sso.protocols.saml.outgoing import Outgoing


def new_id() -> str:
    """Return an identifier of 128 random bits that begins as one of XML must."""
    return f"_{secrets.token_hex(16)}"


def sign_in_url(
    sp: ServiceProvider,
    idp: IdentityProvider,
    *,
    request_id: str,
    relay_state: str,
    force: bool,
    now: datetime,
) -> Outgoing:
    """
    Ask a provider who is at the browser; with ``force`` the person proves themselves anew.

    The request names neither a kind of NameID nor a method, since providers refuse what they do not
    know; what comes is judged when it comes. It is signed with our first key (SAML Profiles,
    section 4.1.4.1).
    """
    root = outgoing.message(
        "AuthnRequest",
        ID=request_id,
        IssueInstant=moments.written(now),
        Destination=idp.sso_url,
        AssertionConsumerServiceURL=sp.acs_url,
        ProtocolBinding=POST,
        **({"ForceAuthn": "true"} if force else {}),
    )
    outgoing.told(root, saml("Issuer"), sp.entity_id)
    outgoing.told(root, samlp("NameIDPolicy"), AllowCreate="true")
    return outgoing.sent(
        root,
        "SAMLRequest",
        to=idp.sso_url,
        binding=idp.sso_binding,
        relay_state=relay_state,
        key=sp.keys[0],
    )
