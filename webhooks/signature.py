"""
How a message is signed: Standard Webhooks 1.0, symmetric (https://www.standardwebhooks.com).

What is signed are the id, the second of this try and the very octets of the body, so that a message
is neither altered nor sent again later by somebody else. During a rotation each secret signs, and a
receiver is content with any one that it knows.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets as randomness
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """Draw a secret of 256 bits, written as receivers' libraries expect it."""
    return PREFIX + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode()


def sign(secrets: Sequence[str], *, message_id: str, at: datetime, body: bytes) -> str:
    """
    Return the header ``webhook-signature``: ``v1,`` and a MAC for each secret, space separated.

    ``at`` is the time of this try, of which ``webhook-timestamp`` holds the whole seconds.

    :raises ValueError: a secret is not ``whsec_`` and base64; the text does not repeat it
    """
    signed = b".".join((message_id.encode(), str(seconds(at)).encode(), body))
    return " ".join(f"v1,{_mac(secret, signed)}" for secret in secrets)


def seconds(at: datetime) -> int:
    """Return what ``webhook-timestamp`` holds: whole seconds since 1970."""
    return int(at.timestamp())


def _mac(secret: str, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not key or not secret.startswith(PREFIX):
        raise ValueError("A webhook secret is whsec_ and base64.") from None
    return key
