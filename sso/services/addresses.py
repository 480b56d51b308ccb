"""
The addresses of a connection, as its provider is told them.

They are made of ``PUBLIC_URL`` and the slug, never of what a request says: whoever chooses the
Host header would choose where an assertion is sent.
"""

from __future__ import annotations

from django.conf import settings

from sso.models import Connection


def login(connection: Connection) -> str:
    """Where a browser begins to sign in."""
    return _of(connection, "login")


def entity_id(connection: Connection) -> str:
    """What Plinto is called by a SAML provider, which is also where its metadata are."""
    return _of(connection, "metadata")


def acs(connection: Connection) -> str:
    """Where a SAML provider posts its assertions."""
    return _of(connection, "acs")


def sls(connection: Connection) -> str:
    """Where a SAML provider sends requests to sign out, and answers to them."""
    return _of(connection, "sls")


def callback(connection: Connection) -> str:
    """Where an OpenID provider sends the browser back to."""
    return _of(connection, "callback")


def backchannel_logout(connection: Connection) -> str:
    """Where an OpenID provider says that somebody has signed out."""
    return _of(connection, "backchannel-logout")


def signed_out(connection: Connection) -> str:
    """Where an OpenID provider sends the browser back to that signed out there."""
    return _of(connection, "signed-out")


def test(connection: Connection) -> str:
    """Where an administrator tries the connection, and below which the findings are."""
    return _of(connection, "test")


def signed_in() -> str:
    """Plinto's own page, where a sign-in ends that has no application to go to."""
    return f"{settings.PUBLIC_URL}/signed-in"


def _of(connection: Connection, door: str) -> str:
    return f"{settings.PUBLIC_URL}/sso/{connection.protocol}/{connection.slug}/{door}"
