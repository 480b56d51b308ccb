"""
The way to an OpenID provider of an organization and back.

The provider's answer is a GET that its browser brings with the cookie, so it spends the row and
names the browser at once. What the provider is asked after that has eight seconds together, and
no transaction is open meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from accounts.services.code_flow import PATIENCE, Secrets
from resilience.contract import enforces
from sso import oidc_controls
from sso.facts import Arrival, Refused
from sso.models import Connection, SignIn
from sso.protocols import oidc
from sso.protocols.oidc import Asked
from sso.services import (
    addresses,
    arrivals,
    client_secrets,
    connection_tests,
    connections_found,
    oidc_documents,
    sign_ins,
)
from sso.services.connections_found import Protocol


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the token that it is to be known by."""

    location: str = field(repr=False)
    browser: str = field(repr=False)


@enforces(oidc_controls.OIDC_CONNECTIONS)
def begin(
    slug: str, *, redirect_uri: str, browser: str, is_proof_wanted: bool, now: datetime
) -> Begun:
    """
    Begin to sign in by a connection; ``is_proof_wanted`` when the person must prove themselves.

    :raises NotFoundError: there is no such connection, or it is off
    :raises Refused: the provider does not say where, or browsers are not sent to ``redirect_uri``
    """
    connection = connections_found.enabled(slug, Protocol.OIDC)
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
) -> Begun:
    """
    Send a browser to the provider of a connection, for somebody who only tries it if so told.

    :raises Refused: the provider does not say where, or browsers are not sent to ``redirect_uri``
    """
    until = time.monotonic() + PATIENCE
    with oidc_documents.kept(connection), oidc.refusing():
        # Before there is a row: of a provider that is away nothing is to be remembered.
        oidc_documents.of(connection).metadata(until=until)
    secrets = Secrets.drawn()
    way = sign_ins.begin(
        connection,
        redirect_uri=redirect_uri,
        browser=browser,
        secrets=secrets.packed(),
        is_proof_wanted=is_proof_wanted,
        tester_id=tester_id,
        now=now,
    )
    location = oidc.authorization_url(
        client_secrets.client_of(connection.oidc),
        _asked(connection, way.sign_in, secrets, now=now),
        state=way.state,
        scope=connection.oidc.scope,
        max_age=connection.max_age,
        is_proof_wanted=is_proof_wanted,
        until=until,
    )
    return Begun(location, way.browser)


@enforces(oidc_controls.OIDC_CONNECTIONS)
def returned(slug: str, answer: Mapping[str, str], *, browser: str, now: datetime) -> str:
    """
    Take a provider's answer and return where to send the browser, with a code.

    :raises NotFoundError: there is no such connection, or it is off
    :raises Refused: no sign-in of this browser waits for it, or it cannot be believed
    """
    connection = connections_found.enabled(slug, Protocol.OIDC)
    way = sign_ins.claim(connection, answer.get("state", ""), browser=browser, now=now)
    if way.tester_id:
        return connection_tests.finished(way, _found(connection, way, answer, now=now), now=now)
    arrival = _heard(connection, way, answer, now=now)
    return arrivals.arrived(way, connection, arrival, browser=browser, now=now)


def _heard(
    connection: Connection, way: SignIn, answer: Mapping[str, str], *, now: datetime
) -> Arrival:
    secrets = Secrets.unpacked(sign_ins.secrets_of(way))
    with oidc_documents.kept(connection):
        return oidc.arrival(
            client_secrets.client_of(connection.oidc),
            answer,
            _asked(connection, way, secrets, now=now),
            until=time.monotonic() + PATIENCE,
            now=now,
        )


def _found(
    connection: Connection, way: SignIn, answer: Mapping[str, str], *, now: datetime
) -> Arrival | Refused:
    try:
        return _heard(connection, way, answer, now=now)
    except Refused as refusal:
        return refusal


def _asked(connection: Connection, way: SignIn, secrets: Secrets, *, now: datetime) -> Asked:
    # Somebody who was to prove themselves anew must have done so since they were sent.
    moments = [way.created_at] if way.is_proof_wanted else []
    if connection.max_age is not None:
        moments.append(now - timedelta(seconds=connection.max_age))
    return Asked(
        secrets=secrets,
        callback=addresses.callback(connection),
        clock_skew=connection.clock_skew,
        proved_since=max(moments, default=None),
    )
