"""The secrets by which OpenID providers know Plinto: sealed in the row of their connection."""

from __future__ import annotations

from accounts.services.code_flow import Client
from plinto.kernel.crypto import decrypt, encrypt
from sso.models import OIDCSettings

_PURPOSE = "client secret of a connection"


def sealed(secret: str) -> bytes:
    """Encrypt a secret for its row."""
    return encrypt(secret.encode(), purpose=_PURPOSE)


def client_of(settings: OIDCSettings) -> Client:
    """
    Return the client that a connection is at its provider, with its secret.

    :raises ConfigurationError: no field key opens the secret
    """
    secret = decrypt(settings.client_secret, purpose=_PURPOSE).decode()
    return Client(settings.issuer, settings.client_id, secret)
