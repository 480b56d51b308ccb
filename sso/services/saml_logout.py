"""
Signing out on both sides of a SAML connection (SAML Profiles, section 4.4).

Who signs out at the provider is signed out here at once; who signs out here goes on to the
provider with a request, whose answer ends on a page of ours or of the application.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.services import vouched_sessions
from plinto.kernel.crypto import decrypt
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import door_controls
from sso.facts import IdentityProvider, Policy, Refused, ServiceProvider
from sso.models import Connection, SignOn
from sso.protocols.saml import logout
from sso.protocols.saml.incoming import Incoming
from sso.protocols.saml.outgoing import Outgoing
from sso.protocols.saml.subjects import NameID
from sso.services import addresses, connections_found, consumption, federation, rates, sign_outs
from sso.services.connections_found import Protocol

# A request is refused once it is older than ten minutes, and a clock may differ by two.
_REMEMBERED_FOR = timedelta(minutes=15)


@enforces(door_controls.SSO_SIGN_OUT)
def take(
    slug: str,
    message: Incoming,
    *,
    is_request: bool,
    relay_state: str,
    origin: Origin,
    now: datetime,
) -> Outgoing | str:
    """
    Take what a provider sends, and say where the browser goes: to it with an answer, or on.

    An empty address is a page of ours.

    :raises NotFoundError: there is no such connection
    :raises Refused: it is not the provider, it sent this before, or it answers what nobody asked
    :raises RateLimitError: the connection has used up its share of this minute
    """
    connection = connections_found.enabled(slug, Protocol.SAML)
    rates.count(connection)
    if is_request:
        return _requested(connection, message, relay_state, origin=origin, now=now)
    return _answered(connection, message, relay_state, now=now)


@enforces(door_controls.SSO_SIGN_OUT)
def leave(sign_on: SignOn, redirect_uri: str, now: datetime) -> str | None:
    """
    Return where a browser goes to sign out at the provider too; None where that is not to be had.

    ``redirect_uri`` is listed, or empty for a page of ours.
    """
    connection = sign_on.connection
    idp = connections_found.identity_provider(connection)
    if not idp.slo_url:
        return None
    hint = decrypt(sign_on.sealed_subject, purpose=federation.PURPOSE_OF_SUBJECT).decode()
    _, state = sign_outs.begin(
        connection,
        redirect_uri=redirect_uri,
        secrets=orjson.dumps([hint, sign_on.session_index]),
        now=now,
    )
    if idp.slo_binding == "post":
        return f"{addresses.sls(connection)}?out={state}"
    return form(connection.slug, state, now=now).url


def form(slug: str, state: str, *, now: datetime) -> Outgoing:
    """
    Make the request to sign out that ``leave`` began.

    :raises NotFoundError: there is no such connection
    :raises Refused: nothing of that name was begun, or it is over
    """
    connection = connections_found.enabled(slug, Protocol.SAML)
    row = sign_outs.begun(connection, state, now=now)
    hint, session_index = orjson.loads(decrypt(row.sealed_secrets, purpose=sign_outs.PURPOSE))
    return logout.request(
        connections_found.service_provider(connection, now=now),
        connections_found.identity_provider(connection),
        name_id=NameID.of_hint(hint),
        session_index=session_index,
        request_id=row.request_id,
        relay_state=state,
        now=now,
    )


def _requested(
    connection: Connection, message: Incoming, relay_state: str, *, origin: Origin, now: datetime
) -> Outgoing | str:
    """End the sessions that the provider names."""
    sp, idp, policy = _sides(connection, now=now)
    asked = logout.requested(message, sp=sp, idp=idp, policy=policy, now=now)
    _consume(connection, asked.request_id, now=now)
    vouched_sessions.end(
        _sessions(connection, asked),
        connection_id=connection.pk,
        reason="signed out at the identity provider",
        origin=origin,
        now=now,
    )
    if not (idp.slo_answer_url or idp.slo_url):
        return ""
    return logout.answer(
        sp,
        idp,
        answer_id=f"_{secrets.token_hex(16)}",
        in_response_to=asked.request_id,
        relay_state=relay_state,
        is_success=True,
        now=now,
    )


def _answered(connection: Connection, message: Incoming, relay_state: str, *, now: datetime) -> str:
    """What the provider says of its own side changes nothing here: the session ended before."""
    row = sign_outs.begun(connection, relay_state, now=now)
    sp, idp, policy = _sides(connection, now=now)
    logout.answered(message, sp=sp, idp=idp, policy=policy, request_id=row.request_id, now=now)
    return sign_outs.finish(row, now=now)


def _sides(
    connection: Connection, *, now: datetime
) -> tuple[ServiceProvider, IdentityProvider, Policy]:
    return (
        connections_found.service_provider(connection, now=now),
        connections_found.identity_provider(connection),
        connections_found.policy(connection),
    )


@after_conflicts
def _consume(connection: Connection, request_id: str, *, now: datetime) -> None:
    """Take a request once: sent again, it would end the session that somebody opened since."""
    try:
        with transaction.atomic():
            consumption.remember(
                connection, f"logout {request_id}", usable_until=now + _REMEMBERED_FOR
            )
    except IntegrityError as error:
        raise Refused("replay: this request was carried out before") from error


def _sessions(connection: Connection, asked: logout.Requested) -> list[UUID]:
    """Find what the provider means: some sessions of somebody, or all."""
    theirs = SignOn.objects.filter(
        connection=connection, subject_digest=federation.subject_digest(asked.name_id.value)
    )
    if asked.session_indexes:
        theirs = theirs.filter(Q(session_index__in=asked.session_indexes) | Q(session_index=""))
    return list(theirs.values_list("session_id", flat=True))
