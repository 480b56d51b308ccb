"""
What ends with a connection: its sessions, what is under way, and who people are at it.

Each goes in portions, in transactions of their own, so no lock is held for longer than a statement
may take. Switch the connection off first, and commit that: whoever comes in at that moment holds
its row until their session is there to be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.services import connection_ends
from audit.parties import SYSTEM, Actor
from plinto.kernel.origin import SYSTEM as NOWHERE
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from sso import arrival_controls as controls
from sso.models import Connection, ConsumedAssertion, SignIn, SignOn

_PORTION = 500

Step = Callable[[], bool]


@enforces(controls.CONNECTION_ENDS)
def switched_off(connection_id: UUID, *, actor: Actor, origin: Origin, now: datetime) -> None:
    """
    End what came by a connection that is off, and what is under way at it.

    People stay known, for when it is switched on again.
    """
    reason = "connection switched off"
    for step in _ends(connection_id, reason=reason, actor=actor, origin=origin, now=now):
        _until_done(step)


@enforces(controls.CONNECTION_ENDS)
def forgotten(connection_id: UUID, *, actor: Actor, origin: Origin, now: datetime) -> None:
    """
    End the same of a connection that is off and about to be deleted, and forget who people are.

    What is left to its deletion is few rows.
    """
    reason = "connection deleted"
    for step in _ends(connection_id, reason=reason, actor=actor, origin=origin, now=now):
        _until_done(step)
    for step in _leftovers(connection_id):
        _until_done(step)


@enforces(controls.CONNECTION_ENDS)
def shorten_all_of(organization_id: UUID) -> bool:
    """
    Do the same for a portion of the connections of an organization that is being deleted.

    In the caller's transaction; false if there may be more.
    """
    now, reason = timezone.now(), "organization deleted"
    mine = Connection.objects.filter(organization_id=organization_id)
    if mine.filter(is_enabled=True).update(is_enabled=False, updated_at=now):
        # Once this is committed, whoever is about to come in finds them off.
        return False
    for key in mine.order_by("pk").values_list("pk", flat=True):
        ends = _ends(key, reason=reason, actor=SYSTEM, origin=NOWHERE, now=now)
        if not all(step() for step in (*ends, *_leftovers(key))):
            return False
    return True


def _ends(
    connection_id: UUID, *, reason: str, actor: Actor, origin: Origin, now: datetime
) -> Iterator[Step]:
    yield partial(_void, connection_id, now=now)
    yield partial(connection_ends.void_codes, connection_id)
    told: dict[str, Any] = {"reason": reason, "actor": actor, "origin": origin, "now": now}
    yield partial(connection_ends.end_sessions, connection_id, **told)


def _leftovers(connection_id: UUID) -> Iterator[Step]:
    yield partial(connection_ends.forget_people, connection_id)
    yield partial(_shorten, SignOn.objects.filter(connection_id=connection_id))
    yield partial(_shorten, SignIn.objects.filter(connection_id=connection_id))
    yield partial(_shorten, ConsumedAssertion.objects.filter(connection_id=connection_id))


def _until_done(step: Step) -> None:
    again = after_conflicts(step)
    while not again():
        pass


def _void(connection_id: UUID, *, now: datetime) -> bool:
    SignIn.objects.filter(connection_id=connection_id, expires_at__gt=now).update(expires_at=now)
    return True


def _shorten(rows: QuerySet[Any]) -> bool:
    keys = list(rows.values_list("pk", flat=True)[:_PORTION])
    rows.filter(pk__in=keys).delete()
    return len(keys) < _PORTION
