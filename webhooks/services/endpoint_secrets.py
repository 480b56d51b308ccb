"""
The secrets of endpoints: drawn, sealed in the row, and opened for whoever signs.

A rotation leaves the former secret in force for a day, beside the new one, so that a receiver may
learn the new one whenever it suits it within that time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from plinto.kernel.crypto import decrypt, encrypt
from webhooks import signature
from webhooks.models import Endpoint

OVERLAP = timedelta(hours=24)
_PURPOSE = "secret of a webhook endpoint"


def drawn() -> tuple[str, bytes]:
    """Draw a secret; return its text, which is shown once, and what the row keeps of it."""
    text = signature.new_secret()
    return text, encrypt(text.encode(), purpose=_PURPOSE)


def named(sealed: bytes) -> str:
    """Name a sealed secret, so that somebody can say which they saw and learns nothing of it."""
    return sha256(sealed).hexdigest()


def in_force(endpoint: Endpoint, *, now: datetime) -> list[str]:
    """
    Open the secrets that sign at this moment, the present one first.

    :raises ConfigurationError: no field key opens them
    """
    sealed = [endpoint.secret]
    if endpoint.former_until and now < endpoint.former_until:
        sealed.append(endpoint.former_secret)
    return [decrypt(each, purpose=_PURPOSE).decode() for each in sealed]
