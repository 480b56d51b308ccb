"""
What operators want of breakers: given once, obeyed by every process.

An order is a row; each process reads the newest one of every breaker and acts on it, see
``resilience.obedience``. Who may give one, and the audit row about it, are the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, QuerySet

from resilience import breakers
from resilience.errors import UnknownBreaker
from resilience.models import CircuitOrder, Process

Act = CircuitOrder.Act
FORCED = frozenset({Act.FORCE_OPEN, Act.FORCE_CLOSED})

# As long as a gone process is shown: its breakers can still be spoken of.
_NAMES_LAST = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """The order that stands for a breaker; ``ends_at`` is set for a rehearsal."""

    breaker: str
    act: str
    reason: str
    ordered_by: str
    ordered_at: datetime
    ends_at: datetime | None


def give(
    breaker: str,
    *,
    act: Act,
    reason: str,
    by: str,
    now: datetime,
    ends_at: datetime | None = None,
) -> CircuitOrder:
    """
    Write an order in the caller's transaction; processes act on it once that is committed.

    ``ends_at`` is for forced states only: every process frees its breaker by itself then.

    :raises UnknownBreaker: no process has a breaker of that name, and no order stands for one
    """
    if breaker not in known(now=now):
        raise UnknownBreaker
    return CircuitOrder.objects.create(
        breaker=breaker, act=act, reason=reason, ordered_by=by, ordered_at=now, ends_at=ends_at
    )


def known(*, now: datetime) -> set[str]:
    """Name the breakers that exist anywhere: here, in another process, or in a standing order."""
    seen = Process.objects.filter(seen_at__gt=now - _NAMES_LAST)
    elsewhere = {
        str(circuit["name"])
        for circuits in seen.values_list("figures__circuits", flat=True)
        for circuit in circuits or []
    }
    here = {breaker.name for breaker in breakers.every()}
    return here | elsewhere | set(standing(now=now))


def newest() -> QuerySet[CircuitOrder]:
    """Find the last order of each breaker, whatever it says: the one that counts."""
    last = CircuitOrder.objects.values("breaker").annotate(last=Max("id")).values("last")
    return CircuitOrder.objects.filter(id__in=last)


def holds(order: CircuitOrder, *, now: datetime) -> bool:
    """Tell whether ``order`` keeps its breaker forced at this moment."""
    return order.act in FORCED and (order.ends_at is None or order.ends_at > now)


def standing(*, now: datetime) -> dict[str, OrderView]:
    """Return the order that each forced breaker obeys, by the name of the breaker."""
    return {
        order.breaker: OrderView(
            breaker=order.breaker,
            act=order.act,
            reason=order.reason,
            ordered_by=order.ordered_by,
            ordered_at=order.ordered_at,
            ends_at=order.ends_at,
        )
        for order in newest()
        if holds(order, now=now)
    }
