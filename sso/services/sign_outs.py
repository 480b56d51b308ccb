"""
Ways to an identity provider to sign out there, and back to where the person wanted to be.

They are rows of sign-ins that were answered before they began, so that nobody comes in by them.
"""

from __future__ import annotations

import secrets as random
from datetime import datetime

from plinto.kernel.crypto import encrypt, new_token, token_digest
from sso.facts import Refused, Word
from sso.models import Connection, SignIn
from sso.services import sign_ins

PURPOSE = "sign-out at a provider"
# What is begun here is no sign-in, and the answer to it never is that of one.
_PREFIX = "_out-"


def begin(
    connection: Connection, *, redirect_uri: str, now: datetime, secrets: bytes = b""
) -> tuple[SignIn, str]:
    """
    Remember that a browser goes to sign out; returns the row, and what the provider is to repeat.

    ``redirect_uri`` is listed, or empty for a page of ours. ``secrets`` are sealed in the row.
    """
    state = new_token("plx_")
    row = SignIn.objects.create(
        connection=connection,
        redirect_uri=redirect_uri,
        request_id=f"{_PREFIX}{random.token_hex(16)}",
        state_digest=token_digest(state),
        sealed_secrets=encrypt(secrets, purpose=PURPOSE) if secrets else b"",
        created_at=now,
        expires_at=now + sign_ins.LIVES_FOR,
        # No assertion can answer it.
        answered_at=now,
    )
    return row, state


def begun(connection: Connection, state: str, *, now: datetime) -> SignIn:
    """
    Find what was begun and is not over.

    :raises Refused: there is nothing of that name
    """
    row = SignIn.objects.filter(
        connection=connection,
        state_digest=token_digest(state[: sign_ins.LONGEST_STATE]),
        request_id__startswith=_PREFIX,
        arrived_at=None,
        expires_at__gt=now,
    ).first()
    if row is None:
        raise Refused("logout: nothing was asked", word=Word.LOST)
    return row


def finish(row: SignIn, *, now: datetime) -> str:
    """
    Let it be over, once, and return where the browser goes; empty for a page of ours.

    :raises Refused: it was
    """
    if not SignIn.objects.filter(pk=row.pk, arrived_at=None).update(arrived_at=now):
        raise Refused("logout: answered already", word=Word.LOST)
    return row.redirect_uri
