"""
Ways to an identity provider and back: begun at a login door, spent by the answer.

A way is known at the provider by a random token that means nothing, so an answer cannot choose
where the browser goes or what is asked of it: all that stands in the row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from plinto.kernel.crypto import decrypt, encrypt, new_token, token_digest
from resilience import trimming
from resilience.contract import enforces
from sso import door_controls
from sso.facts import Refused, Word
from sso.models import Connection, SignIn
from sso.services import addresses

LIVES_FOR = timedelta(minutes=10)
_PURPOSE = "secrets of a sign-in"
LONGEST_STATE = 100


@dataclass(frozen=True, slots=True)
class Begun:
    """A way that was begun: its row, and the tokens that the provider and the browser keep."""

    sign_in: SignIn
    state: str = field(repr=False)
    browser: str = field(repr=False)


@enforces(door_controls.SSO_SIGN_IN)
def begin(
    connection: Connection,
    *,
    redirect_uri: str,
    browser: str,
    now: datetime,
    request_id: str = "",
    secrets: bytes = b"",
    is_proof_wanted: bool = False,
    tester_id: UUID | None = None,
) -> Begun:
    """
    Remember that a browser goes to a provider; an empty ``browser`` is one that has no token yet.

    ``secrets`` are sealed in the row, for ``secrets_of``.

    :raises Refused: browsers are not sent to that ``redirect_uri``
    """
    browser, state = browser or new_token("plb_"), new_token("pls_")
    row = SignIn.objects.create(
        connection=connection,
        redirect_uri=redirect_of(connection, redirect_uri),
        browser_digest=token_digest(browser),
        request_id=request_id,
        state_digest=token_digest(state),
        sealed_secrets=encrypt(secrets, purpose=_PURPOSE) if secrets else b"",
        is_proof_wanted=is_proof_wanted,
        tester_id=tester_id,
        created_at=now,
        expires_at=now + LIVES_FOR,
    )
    return Begun(row, state, browser)


def redirect_of(connection: Connection, wanted: str) -> str:
    """
    Return where a browser goes in the end; the connection's first address if none is wanted.

    :raises Refused: it is none that the connection or the deployment lists
    """
    if not wanted:
        return str(next(iter(connection.redirect_uris), addresses.signed_in()))
    # Exactly: whatever is compared more kindly has been an open redirect (RFC 9700, section 2.1).
    listed = (*connection.redirect_uris, *settings.SOCIAL_REDIRECT_URIS, addresses.signed_in())
    if wanted not in listed:
        raise Refused("redirect_uri: not registered", word=Word.NOT_SET_UP)
    return wanted


def waiting(connection: Connection, state: str, *, now: datetime) -> SignIn | None:
    """Find the way that an answer belongs to, unspent; for judging before the costly checks."""
    if not 0 < len(state) <= LONGEST_STATE:
        return None
    return SignIn.objects.filter(
        connection=connection,
        state_digest=token_digest(state),
        answered_at=None,
        expires_at__gt=now,
    ).first()


@enforces(door_controls.SSO_SIGN_IN)
def claim(connection: Connection, state: str, *, browser: str, now: datetime) -> SignIn:
    """
    Spend the way that an answer belongs to, which its browser brought with its cookie.

    :raises Refused: no way of this browser waits: forged, replayed, expired, or of another one
    """
    row = waiting(connection, state, now=now)
    if row is None or not browser or bytes(row.browser_digest or b"") != token_digest(browser):
        raise Refused("state: no sign-in of this browser waits", word=Word.LOST)
    spend(row, now=now)
    return row


@enforces(door_controls.SSO_SIGN_IN)
def spend(row: SignIn, *, now: datetime) -> None:
    """
    Let a way be answered, once, in the caller's transaction if there is one.

    :raises Refused: another answer was first
    """
    unspent = SignIn.objects.filter(pk=row.pk, answered_at=None, expires_at__gt=now)
    if not unspent.update(answered_at=now):
        raise Refused("state: answered already", word=Word.LOST)
    row.answered_at = now


def secrets_of(row: SignIn) -> bytes:
    """
    Open what ``begin`` sealed.

    :raises ConfigurationError: no field key opens it
    """
    return decrypt(row.sealed_secrets, purpose=_PURPOSE)


def void(connection: Connection, *, now: datetime) -> int:
    """Let nothing come of the ways that are under way at a connection; say how many."""
    under_way = SignIn.objects.filter(connection=connection, expires_at__gt=now)
    return under_way.update(expires_at=now)


def trim(*, now: datetime) -> int:
    """Delete what has expired, once nothing that came of it can still be spent."""
    return trimming.delete(SignIn.objects.filter(expires_at__lt=now - 2 * LIVES_FOR))
