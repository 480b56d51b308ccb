"""
Trying a connection without signing anybody in.

A test goes the way of a sign-in, to the provider and back, with the ``tester_id`` of whoever began
it in its row. Whoever hears the provider's answer hands over what came of it, in place of letting
an arrival go on: nobody is signed in, and nothing is made or linked. What the provider said is
sealed in the row, which lives for minutes, and shown to the browser that went there alone.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import orjson

from accounts.services import arrival_forecasts
from accounts.services.arrival_forecasts import Forecast
from accounts.services.federation import Voucher
from plinto.kernel.crypto import decrypt, encrypt, token_digest
from plinto.kernel.exceptions import ConfigurationError
from resilience.contract import enforces
from sso import connection_controls as controls
from sso.facts import Arrival, Refused, Word
from sso.models import Connection, SignIn
from sso.protocols import oidc
from sso.protocols.saml.checks import CHECKS as SAML_CHECKS
from sso.services import addresses, connections_found, consumption, mapping

TICKET_LIVES_FOR = timedelta(minutes=10)
_TICKET = "ticket of a connection's test"
_LONGEST_TICKET = 1_000
_CHECKS: Mapping[str, tuple[tuple[str, str], ...]] = {
    Connection.Protocol.SAML: SAML_CHECKS,
    Connection.Protocol.OIDC: oidc.CHECKS,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One check in plain words; ``state`` is passed, failed or not reached."""

    sentence: str
    state: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a test found; ``refused`` is the reason of the first check that failed."""

    connection: Connection
    refused: str
    checks: list[Checked]
    arrival: Arrival | None = field(repr=False)
    voucher: Voucher | None = field(repr=False)
    forecast: Forecast | None


def address(connection: Connection, *, tester_id: UUID, now: datetime) -> str:
    """
    Return where a browser begins a test, within ten minutes.

    Whoever opens it goes to the provider and sees what is said of themselves.
    """
    said = [str(connection.pk), str(tester_id), int((now + TICKET_LIVES_FOR).timestamp())]
    sealed = encrypt(orjson.dumps(said), purpose=_TICKET)
    ticket = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    return f"{addresses.test(connection)}?{urlencode({'ticket': ticket})}"


def asked(
    slug: str, protocol: connections_found.Protocol, ticket: str, *, now: datetime
) -> tuple[Connection, UUID]:
    """
    Return the connection that a ticket is for, and whose test it is.

    :raises NotFoundError: there is no such connection, or it is off
    :raises Refused: the ticket is for another one, has expired, or was made up
    """
    connection = connections_found.enabled(slug, protocol)
    try:
        sealed = base64.urlsafe_b64decode(f"{ticket[:_LONGEST_TICKET]}==")
        connection_id, tester_id, until = orjson.loads(decrypt(sealed, purpose=_TICKET))
    except (ConfigurationError, binascii.Error, ValueError) as error:
        raise Refused("test: no such ticket", word=Word.LOST) from error
    if connection_id != str(connection.pk) or until < now.timestamp():
        raise Refused("test: ticket of another connection, or expired", word=Word.LOST)
    return connection, UUID(tester_id)


@enforces(controls.CONNECTIONS)
def finished(sign_in: SignIn, outcome: Arrival | Refused, *, now: datetime) -> str:
    """
    Keep what a test found for its browser, and return where the browser is to go.

    ``sign_in`` has a ``tester_id`` and is spent already.
    """
    if isinstance(outcome, Refused):
        reason, sealed = outcome.reason, b""
    else:
        reason, sealed = "", consumption.sealed(outcome)
    findings = {"refused": reason, "at": now.isoformat()}
    SignIn.objects.filter(pk=sign_in.pk).update(findings=findings, sealed_arrival=sealed)
    return f"{addresses.test(sign_in.connection)}/{sign_in.pk}"


def found(slug: str, sign_in_id: UUID, *, browser: str, now: datetime) -> Findings:
    """
    Return what a test found, to the browser that made it.

    :raises Refused: there is no such test of this browser, or no more
    """
    row = (
        SignIn.objects.select_related("connection__saml", "connection__oidc")
        .filter(pk=sign_in_id, connection__slug=slug, tester_id__isnull=False, expires_at__gt=now)
        .first()
    )
    is_theirs = row is not None and bytes(row.browser_digest or b"") == token_digest(browser)
    if row is None or row.findings is None or not browser or not is_theirs:
        raise Refused("test: none of this browser", word=Word.LOST)
    return _judged(row)


def _judged(row: SignIn) -> Findings:
    connection, said = row.connection, (row.findings or {})["refused"]
    refused = said
    arrival = consumption.opened(row) if row.sealed_arrival else None
    voucher = forecast = None
    if arrival is not None:
        try:
            voucher = mapping.vouched(connection, arrival)
            forecast = arrival_forecasts.of(voucher)
        except Refused as refusal:
            refused = refusal.reason
    checks = _checks(_CHECKS[connection.protocol], said)
    return Findings(connection, refused, checks, arrival, voucher, forecast)


def _checks(known: tuple[tuple[str, str], ...], refused: str) -> list[Checked]:
    """Tell of each check how it went; they are made in this order, and the first failure ends."""
    failed = max(
        (str(name) for name, _ in known if refused == name or refused.startswith(f"{name}:")),
        key=len,
        default="",
    )
    if not refused or not failed:
        # Of a refusal that no check made nothing is known but that it was the end.
        state = "not reached" if refused else "passed"
        return [Checked(sentence, state) for _, sentence in known]
    place = [str(name) for name, _ in known].index(failed)
    states = ["passed"] * place + ["failed"] + ["not reached"] * (len(known) - place - 1)
    return [Checked(each[1], state) for each, state in zip(known, states, strict=True)]
