"""What an administrator reads of a connection: what to paste where, and what to look after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sso.models import Connection
from sso.services import addresses, expiry, saml_metadata

_SAML_HELP: Mapping[str, tuple[str, ...]] = {
    "okta": (
        "Applications → Create App Integration → SAML 2.0.",
        "Single sign-on URL: the ACS address. Audience URI (SP Entity ID): the entity id.",
        "Name ID format: EmailAddress. Attribute statements: email → user.email, "
        "displayName → user.displayName. Group attribute statements: groups, Matches regex .*",
        "Sign On → Metadata URL: paste it here as the address of the metadata.",
    ),
    "entra": (
        "Enterprise applications → New application → Create your own → Non-gallery.",
        "Single sign-on → SAML → Upload metadata file: what the metadata address here answers; or "
        "Identifier: the entity id, Reply URL: the ACS address.",
        "Attributes & Claims → Add a group claim → groups assigned to the application.",
        "SAML Certificates → App Federation Metadata Url: paste it here.",
    ),
    "google": (
        "Admin console → Apps → Web and mobile apps → Add custom SAML app → Download metadata; "
        "upload the file here.",
        "ACS URL: the ACS address. Entity ID: the entity id. Name ID: Basic information > Primary "
        "email, format EMAIL.",
        "Attribute mapping: Primary email → email, First name → givenName, Last name → sn. "
        "Group membership → groups.",
        "Google publishes no address: upload the file again before its certificate ends.",
    ),
    "keycloak": (
        "Clients → Import client: the file that the metadata address here answers.",
        "Client scopes → dedicated → Add mapper: X500 email, X500 givenName, X500 surname, and "
        "Group list under the name groups.",
        "Realm settings → SAML 2.0 Identity Provider Metadata: paste that address here.",
    ),
    "generic": (
        "Give the provider the metadata address; if it reads none, the entity id and the ACS "
        "address, with the binding HTTP-POST.",
        "Let it sign assertions or responses with RSA and SHA-256, and send a lasting NameID and "
        "the address as email or mail.",
        "Paste the address of its metadata here, or upload them.",
    ),
}
_OIDC_HELP: Mapping[str, tuple[str, ...]] = {
    "okta": (
        "Applications → Create App Integration → OIDC → Web Application.",
        "Sign-in redirect URI: the callback address. Grant type: Authorization Code.",
        "Issuer: https://YOUR-DOMAIN.okta.com. Copy client id and secret here.",
    ),
    "entra": (
        "App registrations → New registration → Web: the callback address.",
        "Certificates & secrets → New client secret. Token configuration → Add groups claim.",
        "Issuer: https://login.microsoftonline.com/YOUR-TENANT-ID/v2.0",
    ),
    "google": (
        "Google Cloud console → APIs & Services → Credentials → OAuth client ID → Web application.",
        "Authorized redirect URIs: the callback address.",
        "Issuer: https://accounts.google.com",
    ),
    "keycloak": (
        "Clients → Create client → OpenID Connect, Client authentication on, Standard flow.",
        "Valid redirect URIs: the callback address. Backchannel logout URL: as shown.",
        "Issuer: https://YOUR-HOST/realms/YOUR-REALM. Credentials → Client Secret.",
    ),
    "generic": (
        "Register a confidential client for the authorization code flow with PKCE.",
        "Redirect URI: the callback address. Copy issuer, client id and secret here.",
    ),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider as its administrators know it, and what they do there over each protocol."""

    title: str
    saml: tuple[str, ...]
    oidc: tuple[str, ...]


PRESETS = [
    Preset(preset.label, _SAML_HELP[preset.value], _OIDC_HELP[preset.value])
    for preset in (*list(Connection.Preset)[1:], Connection.Preset.GENERIC)
]


def steps(connection: Connection) -> tuple[str, ...]:
    """What to do at the provider, in order."""
    is_saml = connection.protocol == Connection.Protocol.SAML
    return (_SAML_HELP if is_saml else _OIDC_HELP)[connection.preset]


def pasted(connection: Connection) -> list[tuple[str, str]]:
    """What is pasted at the provider: what each is called, and its value."""
    if connection.protocol == Connection.Protocol.SAML:
        return [
            ("Metadata", addresses.entity_id(connection)),
            ("Entity id (audience)", addresses.entity_id(connection)),
            ("ACS (reply) address", addresses.acs(connection)),
            ("Sign-out address", addresses.sls(connection)),
            ("Sign-in page", addresses.login(connection)),
        ]
    return [
        ("Callback (redirect URI)", addresses.callback(connection)),
        ("Back-channel logout", addresses.backchannel_logout(connection)),
        ("Sign-in page (initiate login)", addresses.login(connection)),
    ]


def metadata_state(connection: Connection) -> str:
    """Say how asking the provider goes."""
    refresh = getattr(connection, "refresh", None)
    if refresh is None:
        return "Pasted; nothing is asked"
    if refresh.failing_since:
        return f"Failing since {refresh.failing_since:%Y-%m-%d %H:%M}: {refresh.last_error}"
    if refresh.fetched_at is None:
        return "Not asked yet"
    return f"Fetched {refresh.fetched_at:%Y-%m-%d %H:%M}"


def warnings(connection: Connection, now: datetime) -> list[str]:
    """Say what an administrator should look after."""
    if connection.protocol != Connection.Protocol.SAML:
        return []
    kept, found = connection.saml, []
    left = expiry.days_left(kept.certificates_end_at, now=now)
    if left is not None and left < max(expiry.HORIZONS):
        found.append("The certificates end soon: let the provider publish its next one.")
    return [*found, *saml_metadata.findings(kept, now=now)]
