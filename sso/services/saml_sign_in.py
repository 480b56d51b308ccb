"""
Signing in by a SAML connection: out with a request, back with an assertion.

What is cheap is asked first: whether the connection is there, whether a sign-in waits, whether the
connection has had too many answers this minute. Then the document is verified, outside of any
transaction; then it is consumed; and only the browser that asked goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from resilience.contract import enforces
from sso import door_controls
from sso.facts import Refused, Word
from sso.models import Connection, SignIn
from sso.protocols.saml import assertions, publishing, requests
from sso.protocols.saml.outgoing import Outgoing
from sso.services import (
    addresses,
    arrivals,
    connection_tests,
    connections_found,
    consumption,
    rates,
    sign_ins,
)
from sso.services.connections_found import Protocol


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and the token that it is to be known by."""

    outgoing: Outgoing
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """Where a browser goes that was signed in, and the token that it is known by."""

    location: str = field(repr=False)
    browser: str = field(repr=False)


def metadata(slug: str, *, now: datetime) -> bytes:
    """
    Write what a connection's provider has to know of Plinto, signed.

    :raises NotFoundError: there is no such connection
    """
    connection = connections_found.enabled(slug, Protocol.SAML)
    return publishing.published(connections_found.service_provider(connection, now=now), now=now)


@enforces(door_controls.SSO_SIGN_IN)
def depart(
    slug: str, *, redirect_uri: str, is_proof_wanted: bool, browser: str, now: datetime
) -> Departure:
    """
    Begin a sign-in, with a signed request to the connection's provider.

    :raises NotFoundError: there is no such connection
    :raises Refused: browsers are not sent to that ``redirect_uri``
    """
    connection = connections_found.enabled(slug, Protocol.SAML)
    return sent(
        connection,
        redirect_uri=redirect_uri,
        browser=browser,
        is_proof_wanted=is_proof_wanted,
        now=now,
    )


def sent(
    connection: Connection,
    *,
    redirect_uri: str,
    browser: str,
    now: datetime,
    is_proof_wanted: bool = False,
    tester_id: UUID | None = None,
) -> Departure:
    """
    Send a browser to the provider of a connection, for somebody who only tries it if so told.

    :raises Refused: browsers are not sent to that ``redirect_uri``
    """
    request_id = requests.new_id()
    begun = sign_ins.begin(
        connection,
        redirect_uri=redirect_uri,
        browser=browser,
        request_id=request_id,
        is_proof_wanted=is_proof_wanted,
        tester_id=tester_id,
        now=now,
    )
    outgoing = requests.sign_in_url(
        connections_found.service_provider(connection, now=now),
        connections_found.identity_provider(connection),
        request_id=request_id,
        relay_state=begun.state,
        force=is_proof_wanted,
        now=now,
    )
    return Departure(outgoing, begun.browser)


@enforces(door_controls.SSO_SIGN_IN)
def post(slug: str, *, response: str, relay_state: str, now: datetime) -> str:
    """
    Take what a provider posted, and return where its browser is to come back with its cookie.

    :raises NotFoundError: there is no such connection
    :raises Refused: no sign-in waits for it, it is not to be believed, or it was taken before
    :raises RateLimitError: the connection has had too many answers this minute
    """
    connection = connections_found.enabled(slug, Protocol.SAML)
    row = _waiting(connection, relay_state, now=now)
    rates.count(connection)
    try:
        verified = _verified(connection, row, response, now=now)
    except Refused as refusal:
        if row.tester_id is None:
            raise
        sign_ins.spend(row, now=now)
        return connection_tests.finished(row, refusal, now=now)
    handle = consumption.consume(
        row,
        verified.arrival,
        assertion_id=verified.assertion_id,
        usable_until=verified.usable_until,
        now=now,
    )
    return f"{addresses.acs(connection)}?{urlencode({'handle': handle})}"


@enforces(door_controls.SSO_SIGN_IN)
def arrive(slug: str, handle: str, *, browser: str, now: datetime) -> Return:
    """
    Let the browser that asked go on as whoever its provider vouched for.

    :raises NotFoundError: there is no such connection
    :raises Refused: the handle is not this browser's, or the person is not let in
    """
    connection = connections_found.enabled(slug, Protocol.SAML)
    row, arrival, browser = consumption.arrived(connection, handle, browser=browser, now=now)
    if row.tester_id:
        return Return(connection_tests.finished(row, arrival, now=now), browser)
    location = arrivals.arrived(row, connection, arrival, browser=browser, now=now)
    return Return(location, browser)


def _verified(
    connection: Connection, row: SignIn, response: str, *, now: datetime
) -> assertions.Verified:
    return assertions.verified(
        response,
        sp=connections_found.service_provider(connection, now=now),
        idp=connections_found.identity_provider(connection),
        policy=connections_found.policy(
            connection, is_proof_wanted=row.is_proof_wanted, asked_at=row.created_at
        ),
        request_id=row.request_id or None,
        now=now,
    )


def _waiting(connection: Connection, relay_state: str, *, now: datetime) -> SignIn:
    """Find the sign-in that an answer belongs to, or make one that nobody asked for."""
    row = sign_ins.waiting(connection, relay_state, now=now)
    if row is not None:
        return row
    if not connection.saml.allows_unsolicited:
        raise Refused("relay state: no sign-in waits for this answer", word=Word.LOST)
    return consumption.unsolicited(connection, now=now)
