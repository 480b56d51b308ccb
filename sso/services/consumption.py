"""
What an identity provider posted, taken once and kept until its browser comes for it.

The post comes from another site and brings no cookie. What it said is sealed in the row of the
sign-in under a handle, with which the browser comes back once more, to be known by its cookie.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime, timedelta

import orjson
from django.db import IntegrityError, transaction

from plinto.kernel.crypto import decrypt, encrypt, new_token, token_digest
from resilience import trimming
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import door_controls
from sso.facts import Arrival, Refused, Word
from sso.models import Connection, ConsumedAssertion, SignIn
from sso.services import sign_ins

# From the post to the GET that follows it: one redirect of a browser.
HANDLE_LIVES_FOR = timedelta(minutes=2)
# The most that a connection forgives a clock is in no bound of the document itself.
_MARGIN = timedelta(minutes=5)
_PURPOSE = "arrival of a sign-in"
_LONGEST_HANDLE = 100


@enforces(door_controls.SSO_SIGN_IN)
@after_conflicts
def consume(
    row: SignIn,
    arrival: Arrival,
    *,
    assertion_id: str,
    usable_until: datetime,
    now: datetime,
) -> str:
    """
    Take an assertion for the sign-in that waits for it, and return the handle of what it said.

    An unsaved ``row`` is one that nobody asked for.

    :raises Refused: the sign-in was answered, or the assertion was accepted before
    """
    handle = new_token("plh_")
    try:
        with transaction.atomic():
            if row._state.adding:
                row.answered_at = now
                row.save(force_insert=True)
            else:
                sign_ins.spend(row, now=now)
            remember(row.connection, assertion_id, usable_until=usable_until)
            SignIn.objects.filter(pk=row.pk).update(
                handle_digest=token_digest(handle),
                sealed_arrival=sealed(arrival),
            )
    except IntegrityError as error:
        raise Refused("replay: this assertion was accepted before") from error
    return handle


@enforces(door_controls.SSO_SIGN_IN)
def remember(connection: Connection, assertion_id: str, *, usable_until: datetime) -> None:
    """
    Write down that something of a provider was accepted, in the caller's transaction.

    :raises IntegrityError: it was before
    """
    ConsumedAssertion.objects.create(
        connection=connection,
        digest=hashlib.sha256(assertion_id.encode()).digest(),
        expires_at=usable_until + _MARGIN,
    )


def is_remembered(connection: Connection, assertion_id: str) -> bool:
    """Tell whether something of a provider was accepted before."""
    digest = hashlib.sha256(assertion_id.encode()).digest()
    return ConsumedAssertion.objects.filter(connection=connection, digest=digest).exists()


def unsolicited(connection: Connection, *, now: datetime) -> SignIn:
    """Make the row, unsaved, of a sign-in that begins at the provider."""
    return SignIn(
        connection=connection,
        redirect_uri=sign_ins.redirect_of(connection, ""),
        created_at=now,
        expires_at=now + sign_ins.LIVES_FOR,
    )


@enforces(door_controls.SSO_SIGN_IN)
def arrived(
    connection: Connection, handle: str, *, browser: str, now: datetime
) -> tuple[SignIn, Arrival, str]:
    """
    Spend a handle, and return its sign-in, who came, and the token of the browser.

    A sign-in that nobody asked for belongs to the first browser that brings its handle.

    :raises Refused: unknown, used, expired, or of another browser
    """
    kept = SignIn.objects.filter(
        connection=connection,
        handle_digest=token_digest(handle[:_LONGEST_HANDLE]),
        arrived_at=None,
        answered_at__gt=now - HANDLE_LIVES_FOR,
        expires_at__gt=now,
    )
    row = kept.first()
    if row is None:
        raise Refused("handle: unknown, used or expired", word=Word.LOST)
    bound = row.browser_digest
    if bound is None:
        browser = browser or new_token("plb_")
    elif not browser or bytes(bound) != token_digest(browser):
        raise Refused("handle: of another browser", word=Word.LOST)
    digest = token_digest(browser)
    # What it said is not kept longer than it is needed.
    spent = kept.filter(pk=row.pk).update(
        arrived_at=now, browser_digest=digest, sealed_arrival=None
    )
    if not spent:
        raise Refused("handle: unknown, used or expired", word=Word.LOST)
    row.arrived_at, row.browser_digest = now, digest
    return row, opened(row), browser


def trim(*, now: datetime) -> int:
    """Forget assertions that are refused as expired by now."""
    return trimming.delete(ConsumedAssertion.objects.filter(expires_at__lt=now))


def sealed(arrival: Arrival) -> bytes:
    """Encrypt who came, for the row of their sign-in."""
    return encrypt(orjson.dumps(asdict(arrival)), purpose=_PURPOSE)


def opened(row: SignIn) -> Arrival:
    """
    Read who came from the row of their sign-in.

    :raises ConfigurationError: no field key opens it
    """
    said = orjson.loads(decrypt(row.sealed_arrival or b"", purpose=_PURPOSE))
    when = said["authenticated_at"]
    return Arrival(
        **{
            **said,
            "attributes": {name: tuple(values) for name, values in said["attributes"].items()},
            "methods": tuple(said["methods"]),
            "authenticated_at": datetime.fromisoformat(when) if when else None,
        }
    )
