"""
One row per process: that it lives, what it measures, and what it leaves behind if it dies.

Cache keys that Redis has yet to hear were changed are its debt. A process that is gone cannot
settle it, so a living one takes the debt over and clears the shared cache; should the heir die
as well, the debt is in its row.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from plinto.kernel.ids import uuid7
from resilience import trimming
from resilience.models import Process
from resilience.overview import GONE_AFTER, SHOWN_FOR

Kind = Process.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One life of this process: a fork begins another."""

    kind: Kind = Kind.WEB
    id: UUID = field(default_factory=uuid7)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    started_at: datetime = field(default_factory=timezone.now)

    def __str__(self) -> str:
        return f"{self.kind} {self.host}:{self.pid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """How many web processes live, and which processes are gone and left a debt."""

    live_web: int
    debtors: list[UUID]


def show(
    life: Life,
    *,
    figures: dict[str, Any],
    unsettled: int,
    now: datetime,
    ended_at: datetime | None = None,
) -> None:
    """Write the row of ``life``, anew if somebody has taken it for dead and removed it."""
    columns = {"seen_at": now, "figures": figures, "unsettled": unsettled, "ended_at": ended_at}
    if Process.objects.filter(pk=life.id).update(**columns):
        return
    Process.objects.create(
        pk=life.id,
        kind=life.kind,
        host=life.host,
        pid=life.pid,
        started_at=life.started_at,
        **columns,
    )


def look_around(*, now: datetime) -> Surroundings:
    """Read who lives and who left a debt, in one statement."""
    rows = list(
        Process.objects.filter(~_gone(now) | Q(unsettled__gt=0)).values_list(
            "id", "kind", "seen_at", "ended_at"
        )
    )
    living = [
        (row_id, kind)
        for row_id, kind, seen_at, ended_at in rows
        if ended_at is None and seen_at > now - GONE_AFTER
    ]
    alive = {row_id for row_id, _ in living}
    return Surroundings(
        live_web=sum(kind == Kind.WEB for _, kind in living),
        debtors=[row_id for row_id, *_ in rows if row_id not in alive],
    )


def live_workers(*, now: datetime, alias: str) -> int:
    """Count the workers that live, by the rows of the database ``alias``."""
    rows = Process.objects.using(alias)
    return rows.filter(~_gone(now), kind=Kind.WORKER).count()


def inherit(debtors: Iterable[UUID], *, heir: UUID, now: datetime) -> int:
    """
    Take the debts of gone processes over, and return how many keys they are.

    Of several that try, one gets each debt. The heir's own row has it in the same transaction,
    so that no moment of death loses it.
    """
    total = 0
    for debtor in debtors:
        with transaction.atomic():
            owed = Process.objects.filter(_gone(now), pk=debtor, unsettled__gt=0)
            keys = owed.values_list("unsettled", flat=True).first() or 0
            if keys and owed.filter(unsettled=keys).update(unsettled=0):
                Process.objects.filter(pk=heir).update(unsettled=F("unsettled") + keys)
                total += keys
    return total


def trim(*, now: datetime) -> int:
    """Delete the rows of processes that were not seen for a day and left nothing behind."""
    return trimming.delete(Process.objects.filter(seen_at__lt=now - SHOWN_FOR, unsettled=0))


def _gone(now: datetime) -> Q:
    return Q(ended_at__isnull=False) | Q(seen_at__lte=now - GONE_AFTER)
