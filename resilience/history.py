"""The transitions of this process, kept until they are rows."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from django.utils import timezone

from resilience import trimming
from resilience.circuit import Transition
from resilience.models import CircuitOrder, CircuitTransition
from resilience.orders import newest
from resilience.presence import Life

KEPT_FOR = timedelta(days=7)
# In a long outage of the database the newest moves tell more than the oldest.
MOST_WAITING = 1000
_NAME_CHARACTERS = _REASON_CHARACTERS = 100


class History:
    """
    What moved and is not written yet.

    ``note`` may be called by any thread and only appends; all else is the reporter's.
    """

    def __init__(self) -> None:
        self._noted: deque[tuple[datetime, Transition]] = deque(maxlen=MOST_WAITING)
        self._rows: list[CircuitTransition] = []

    def note(self, change: Transition) -> None:
        self._noted.append((timezone.now(), change))

    def write(self, life: Life) -> int:
        """
        Insert what waits, and return how many rows that was.

        They keep their ids until it is known that they are written: a commit whose answer was
        lost is not repeated under new ones.
        """
        while self._noted:
            self._rows.append(_row(life, *self._noted.popleft()))
        del self._rows[:-MOST_WAITING]
        if self._rows:
            CircuitTransition.objects.bulk_create(self._rows, ignore_conflicts=True)
        written, self._rows = len(self._rows), []
        return written


def trim(*, now: datetime) -> int:
    """Delete old transitions, and orders as old that a later one has replaced."""
    until = now - KEPT_FOR
    replaced = CircuitOrder.objects.filter(ordered_at__lt=until).exclude(
        pk__in=newest().values("pk")
    )
    moves = CircuitTransition.objects.filter(occurred_at__lt=until)
    return trimming.delete(moves) + trimming.delete(replaced)


def _row(life: Life, occurred_at: datetime, change: Transition) -> CircuitTransition:
    return CircuitTransition(
        process_id=life.id,
        process_label=str(life),
        breaker=change.name[:_NAME_CHARACTERS],
        before=change.before.state.value,
        after=change.after.state.value,
        reason=change.after.reason[:_REASON_CHARACTERS],
        is_forced=change.after.is_forced,
        generation=change.after.generation,
        occurred_at=occurred_at,
    )
