"""Signing out together with the OpenID provider of a connection, whoever begins."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from accounts.services import vouched_sessions
from accounts.services.code_flow import PATIENCE
from plinto.kernel.crypto import decrypt
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import oidc_controls
from sso.facts import Refused
from sso.models import Connection, SignOn
from sso.protocols import oidc, oidc_logout
from sso.protocols.oidc_logout import SignedOut
from sso.services import (
    addresses,
    client_secrets,
    connections_found,
    consumption,
    federation,
    oidc_documents,
    sign_outs,
)
from sso.services.connections_found import Protocol

log = structlog.get_logger(__name__)


@enforces(oidc_controls.OIDC_CONNECTIONS)
def heard(slug: str, token: Any, *, origin: Origin, now: datetime) -> int:
    """
    Believe a provider that somebody has signed out, and say how many sessions that ended.

    Back-Channel Logout 1.0, section 2.7: that there is no such session is no error.

    :raises NotFoundError: there is no such connection, or it is off
    :raises Refused: the token cannot be believed, or was heard before
    """
    connection = connections_found.enabled(slug, Protocol.OIDC)
    try:
        with oidc_documents.kept(connection):
            said = oidc_logout.signed_out(
                client_secrets.client_of(connection.oidc),
                token,
                clock_skew=connection.clock_skew,
                until=time.monotonic() + PATIENCE,
                now=now,
            )
        return _ended(connection, said, origin=origin, now=now)
    except Refused as refusal:
        raise Refused(f"sign-out: {refusal.reason}", word=refusal.word) from refusal


@enforces(oidc_controls.OIDC_CONNECTIONS)
def leave(sign_on: SignOn, redirect_uri: str, now: datetime) -> str | None:
    """
    Return where a browser goes to sign out at the provider too; None where that is not to be had.

    ``redirect_uri`` is listed, or empty for a page of ours.
    """
    connection = sign_on.connection
    until = time.monotonic() + PATIENCE
    try:
        with oidc.refusing():
            metadata = oidc_documents.of(connection).metadata(until=until)
    except Refused as refusal:
        # The session here has ended; that the provider is away takes nothing of it back.
        log.warning("sso.sign_out_not_told", connection=connection.slug, reason=refusal.reason)
        return None
    if metadata.end_session_endpoint is None:
        return None
    hint = decrypt(sign_on.sealed_subject, purpose=federation.PURPOSE_OF_SUBJECT).decode()
    _, state = sign_outs.begin(connection, redirect_uri=redirect_uri, now=now)
    return oidc_logout.url(
        metadata.end_session_endpoint,
        client_id=connection.oidc.client_id,
        hint=hint,
        state=state,
        post_logout_redirect_uri=addresses.signed_out(connection),
    )


@enforces(oidc_controls.OIDC_CONNECTIONS)
def left(slug: str, state: str, *, now: datetime) -> str:
    """
    Take a browser back from signing out at the provider, and return where it goes.

    An empty address is a page of ours.

    :raises NotFoundError: there is no such connection
    :raises Refused: nothing of that name was begun, or it is over
    """
    connection = connections_found.enabled(slug, Protocol.OIDC)
    return sign_outs.finish(sign_outs.begun(connection, state, now=now), now=now)


def _ended(connection: Connection, said: SignedOut, *, origin: Origin, now: datetime) -> int:
    news = f"logout {said.token_id}"
    if consumption.is_remembered(connection, news):
        # Sent again, it would end the session that somebody opened since.
        raise Refused("logout: id, heard before")
    # Before it is remembered: after a crash between the two the provider tries again.
    ended = vouched_sessions.end(
        _meant(connection, said),
        connection_id=connection.pk,
        reason="signed out at the identity provider",
        origin=origin,
        now=now,
    )
    _remember(connection, news, usable_until=said.usable_until)
    return ended


@after_conflicts
def _remember(connection: Connection, news: str, *, usable_until: datetime) -> None:
    try:
        with transaction.atomic():
            consumption.remember(connection, news, usable_until=usable_until)
    except IntegrityError as error:
        raise Refused("logout: id, heard before") from error


def _meant(connection: Connection, said: SignedOut) -> list[UUID]:
    """Find the sessions: of a person and a session of the provider both, if both are said."""
    chosen = SignOn.objects.filter(connection=connection)
    if said.subject:
        chosen = chosen.filter(subject_digest=federation.subject_digest(said.subject))
    if said.session_index:
        # A session whose number was never told may be the one, if it is that person's.
        unknown = ["", said.session_index] if said.subject else [said.session_index]
        chosen = chosen.filter(session_index__in=unknown)
    return list(chosen.values_list("session_id", flat=True))
