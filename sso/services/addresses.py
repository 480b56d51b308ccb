"""The addresses of connections, as identity providers and browsers are told; never from Host."""

from __future__ import annotations

from typing import Literal

from django.conf import settings

from sso.models import Connection

SamlDoor = Literal["metadata", "login", "acs", "sls"]
OidcDoor = Literal["login", "callback", "backchannel-logout"]


def saml(slug: str, door: SamlDoor) -> str:
    """Return one address of a SAML connection; that of its metadata is its entity id too."""
    return f"{settings.PUBLIC_URL}/sso/saml/{slug}/{door}"


def oidc(slug: str, door: OidcDoor) -> str:
    """Return one address of an OpenID connection."""
    return f"{settings.PUBLIC_URL}/sso/oidc/{slug}/{door}"


def login(connection: Connection) -> str:
    """Return where a person begins to sign in by a connection."""
    own = saml if connection.protocol == Connection.Protocol.SAML else oidc
    return own(connection.slug, "login")


def signed_in() -> str:
    """Return Plinto's own page, where a sign-in ends that has no application to go to."""
    return f"{settings.PUBLIC_URL}/signed-in"
