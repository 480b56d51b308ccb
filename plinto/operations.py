"""
What operators do to circuit breakers, in every process of a deployment at once.

An order is a row that each process reads within seconds, written in one transaction with its row
of the trail. A rehearsal is an order that ends by itself: processes keep its end in mind, so they
recover with or without a database.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.services.staff import actor_of
from audit.events import Event
from audit.parties import SYSTEM, Target
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import AuthorizationError, ValidationError
from plinto.kernel.origin import Origin
from resilience import orders
from resilience.models import CircuitOrder

VIEW = "resilience.view_process"
OPERATE = "resilience.operate"
# A rehearsal shows what happens without Redis; without mail or a webhook nobody learns anything.
REHEARSABLE = {
    "redis:default": "Redis is gone",
    "redis:default:writes": "Redis answers reads and refuses writes",
}
SHORTEST_REHEARSAL, LONGEST_REHEARSAL = timedelta(seconds=1), timedelta(minutes=60)
LONGEST_REASON = 200

Act = CircuitOrder.Act

_EVENTS = {
    Act.FORCE_OPEN: Event.CIRCUIT_FORCED_OPEN,
    Act.FORCE_CLOSED: Event.CIRCUIT_FORCED_CLOSED,
    Act.AUTOMATIC: Event.CIRCUIT_RELEASED,
    Act.RESET: Event.CIRCUIT_RESET,
}


def order(
    breaker: str, *, act: str, reason: str, by: User | None, origin: Origin, now: datetime
) -> None:
    """
    Force ``breaker`` open or closed until told otherwise, leave it to itself, or reset it.

    ``by`` is ``None`` for a command on the server, whose user could do all of this anyway.

    :raises AuthorizationError: ``by`` lacks the permission to operate
    :raises UnknownBreaker: no process has one of that name
    :raises ValidationError: no such act, or no reason
    """
    _authorise(by)
    if act not in Act.values:
        raise _invalid("act", "Choose what the breaker shall do.")
    _give(breaker, Act(act), _EVENTS[Act(act)], reason=reason, by=by, origin=origin, now=now)


def rehearse(
    breaker: str,
    *,
    length: timedelta,
    reason: str,
    by: User | None,
    origin: Origin,
    now: datetime,
) -> datetime:
    """
    Hold ``breaker`` open for ``length``, and return when that ends.

    Released before, it ends then.

    :raises AuthorizationError: ``by`` lacks the permission to operate
    :raises UnknownBreaker: no process has it yet
    :raises ValidationError: not a breaker to rehearse with, too long or too short, or no reason
    """
    _authorise(by)
    if breaker not in REHEARSABLE:
        raise _invalid("breaker", f"Only these can be rehearsed: {', '.join(REHEARSABLE)}.")
    if not SHORTEST_REHEARSAL <= length <= LONGEST_REHEARSAL:
        raise _invalid("minutes", "A rehearsal lasts a second to 60 minutes.")
    event = Event.CIRCUIT_OUTAGE_REHEARSED
    ends_at = now + length
    _give(
        breaker,
        Act.FORCE_OPEN,
        event,
        reason=reason,
        by=by,
        origin=origin,
        now=now,
        ends_at=ends_at,
    )
    return ends_at


def may_operate(by: User) -> bool:
    """Tell whether ``by`` may order breakers about."""
    return by.has_perm(OPERATE)


def _authorise(by: User | None) -> None:
    if by is not None and not may_operate(by):
        raise AuthorizationError("You may not operate circuit breakers.", reason="lacks operate")


def _give(
    breaker: str,
    act: CircuitOrder.Act,
    event: Event,
    *,
    reason: str,
    by: User | None,
    origin: Origin,
    now: datetime,
    ends_at: datetime | None = None,
) -> None:
    why = _reason(reason)
    with transaction.atomic():
        before = orders.standing(now=now).get(breaker)
        changes: dict[str, tuple[Any, Any]] = {
            "order": (before.act if before else Act.AUTOMATIC.value, act.value)
        }
        if ends_at is not None or (before and before.ends_at):
            changes["ends_at"] = (before and before.ends_at, ends_at)
        orders.give(
            breaker,
            act=act,
            reason=why,
            by=by.email if by else "the command line",
            now=now,
            ends_at=ends_at,
        )
        get_audit_service().record(
            event,
            actor=actor_of(by) if by else SYSTEM,
            target=Target("circuit", id=breaker, label=breaker),
            origin=origin,
            reason=why,
            changes=changes,
            now=now,
        )


def _reason(text: str) -> str:
    why = " ".join(text.split())
    # PostgreSQL stores neither NUL nor a lone surrogate, which a terminal can hand over.
    if not why or not why.isprintable():
        raise _invalid("reason", "Say why, in one line of text.")
    if len(why) > LONGEST_REASON:
        raise _invalid("reason", f"Say why, in at most {LONGEST_REASON} characters.")
    return why


def _invalid(field: str, told: str) -> ValidationError:
    return ValidationError(told, fields={field: [told]}, reason=told)
