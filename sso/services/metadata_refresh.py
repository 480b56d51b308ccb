"""
Asking identity providers, every hour, for what they publish: certificates, keys and addresses.

What was good last goes on whatever happens: a provider that is down, slow or says nonsense changes
nothing, and only time tells more. Who a provider is never changes by itself, and facts that decide
who may vouch for people are taken only from where nobody on the way could have changed them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from audit.events import Event
from audit.parties import SYSTEM, Outcome
from audit.services.record import Changes, get_audit_service
from plinto.kernel.exceptions import SSOMetadataError
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience import leases
from resilience.contract import enforces
from resilience.queues import LeasedQueue
from resilience.retrying import after_conflicts
from resilience.worker import Shift
from sso import connection_controls as controls
from sso.facts import Refused
from sso.models import Connection, Refresh
from sso.services import connection_rows, fetching, oidc_documents, saml_metadata
from sso.services.connection_rows import target_of


@contextmanager
def _turn(shift: Shift) -> Iterator[Callable[[Refresh], None]]:
    yield lambda row: refresh(row, now=shift.clock())


def _next_try(row: Refresh, now: datetime) -> datetime:
    return fetching.next_try(now, attempt=row.attempts)


QUEUE: LeasedQueue[Refresh] = LeasedQueue(
    name="provider metadata",
    rows=Refresh.objects.all,
    turn=_turn,
    next_try=_next_try,
    lease_for=timedelta(minutes=2),
    batch=5,
)


@enforces(controls.PROVIDER_METADATA)
def refresh(row: Refresh, *, now: datetime) -> None:
    """
    Ask the provider of a claimed row, and keep what it says or why that is not believed.

    Nothing is asked for a connection that is off.
    """
    connection = connection_rows.by_key(row.connection_id)
    if connection is None:
        return
    if not connection.is_enabled:
        leases.retry(row, due_at=fetching.next_after(now), error=row.last_error, attempts=0)
        return
    try:
        if connection.protocol == Connection.Protocol.SAML:
            _keep(row, _saml(connection, now=now), now=now)
        else:
            _succeed(row, connection, oidc_documents.refresh(connection), now=now)
    except (SSOMetadataError, Refused) as refusal:
        _fail(row, connection, refusal.reason, now=now)


def _saml(connection: Connection, *, now: datetime) -> dict[str, Any]:
    kept = connection.saml
    xml = saml_metadata.fetched(kept.metadata_url, provider=connection.slug)
    said = saml_metadata.columns(
        xml,
        signer=kept.metadata_signer,
        entity_id=kept.entity_id,
        provider=connection.slug,
        now=now,
    )
    is_trusted = saml_metadata.are_trusted_from(kept.metadata_url, signer=kept.metadata_signer)
    if saml_metadata.differ(kept, said) and not is_trusted:
        raise SSOMetadataError(
            "Other facts came unsigned and over plain http.",
            provider=connection.slug,
            reason="other facts came unsigned and over plain http",
        )
    return said


@after_conflicts
def _keep(row: Refresh, said: Mapping[str, Any], *, now: datetime) -> None:
    """Write what a SAML provider says, unless an administrator was quicker."""
    with transaction.atomic():
        held = connection_rows.by_key(row.connection_id, is_held=True)
        if held and _write(row, now=now):
            _record(held, connection_rows.change(held, said, now=now), now=now)


@after_conflicts
def _succeed(row: Refresh, connection: Connection, changes: Changes, *, now: datetime) -> None:
    """Note that an OpenID provider answered; what it said is kept already."""
    with transaction.atomic():
        if _write(row, now=now):
            _record(connection, changes, now=now)


def _write(row: Refresh, *, now: datetime) -> bool:
    return leases.retry(
        row,
        due_at=fetching.next_after(now),
        error="",
        fetched_at=now,
        failing_since=None,
        attempts=0,
    )


def _record(connection: Connection, changes: Changes, *, now: datetime) -> None:
    if changes:
        get_audit_service().record(
            Event.CONNECTION_METADATA_CHANGED,
            actor=SYSTEM,
            target=target_of(connection),
            origin=NOWHERE,
            organization_id=connection.organization_id,
            changes=changes,
            now=now,
        )


@after_conflicts
def _fail(row: Refresh, connection: Connection, reason: str, *, now: datetime) -> None:
    """Note a failure, and tell of the first of a spell: hundreds of rows would say nothing more."""
    with transaction.atomic():
        due_at, is_first = _next_try(row, now), row.failing_since is None
        since = {"failing_since": now} if is_first else {}
        if leases.retry(row, due_at=due_at, error=reason, **since) and is_first:
            get_audit_service().record(
                Event.CONNECTION_METADATA_REFUSED,
                actor=SYSTEM,
                target=target_of(connection),
                origin=NOWHERE,
                outcome=Outcome.REFUSED,
                organization_id=connection.organization_id,
                reason=reason,
                now=now,
            )
