"""A queue over leased rows: a small batch at a time, and one faulty row harms no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic

import structlog
from django import db
from django.db.models import QuerySet

from plinto.kernel.exceptions import PlintoException, ServiceUnavailableError
from resilience import leases
from resilience.backlogs import ABANDONED_WITHIN, COUNTED_TO, Backlog
from resilience.leases import Row, State
from resilience.turns import Outcome, turns
from resilience.worker import Shift

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeasedQueue(Generic[Row]):
    """
    Claims rows, opens one ``turn`` for the batch, and hands each row to what the turn yields.

    That callable settles the row, or raises: ServiceUnavailableError when nothing can be done at
    the moment, so the rest of the batch goes back untouched; anything else concerns this row
    alone. A failed row is tried again at ``next_try(row, now)``, or given up when that is None,
    with the columns of ``when_abandoned`` set. Nothing is claimed while ``is_ready`` is false.
    """

    name: str
    rows: Callable[[], QuerySet[Row]]
    turn: Callable[[Shift], AbstractContextManager[Callable[[Row], None]]]
    next_try: Callable[[Row, datetime], datetime | None]
    is_ready: Callable[[], bool] = lambda: True
    when_abandoned: Mapping[str, Any] = field(default_factory=dict)
    lease_for: timedelta = timedelta(seconds=60)
    batch: int = 10

    def run_due(self, shift: Shift) -> int:
        """Work on one batch; 0 also means that it is no use to ask again at once."""
        if not self.is_ready():
            return 0
        claimed = leases.claim(
            self.rows(), limit=self.batch, lease_for=self.lease_for, now=shift.clock()
        )
        if not claimed:
            return 0
        is_usable = True
        with self.turn(shift) as act:
            for row in claimed:
                if is_usable and not shift.is_ending():
                    is_usable = self._try(row, act, shift)
                else:
                    leases.release(row, now=shift.clock())
        return len(claimed) if is_usable else 0

    def backlog(self, now: datetime) -> Backlog:
        """Say what waits; both counts go along partial indexes, and only so far."""
        due = self.rows().filter(state=State.DUE, due_at__lte=now).order_by()
        lately = now - ABANDONED_WITHIN
        abandoned = self.rows().filter(state=State.ABANDONED, settled_at__gte=lately).order_by()
        return Backlog(
            queue=self.name,
            due=due[:COUNTED_TO].count(),
            oldest=due.order_by("due_at").values_list("due_at", flat=True).first(),
            abandoned=abandoned[:COUNTED_TO].count(),
        )

    def _try(self, row: Row, act: Callable[[Row], None], shift: Shift) -> bool:
        if not self._is_still_ours(row, shift.clock()):
            return True
        try:
            act(row)
        except db.Error:
            raise  # the row cannot be marked either; its lease brings it back
        except ServiceUnavailableError as error:
            self._fail(row, error.reason or error.error_code, shift.clock())
            return False
        except PlintoException as error:
            self._fail(row, error.reason or error.error_code, shift.clock())
        except Exception as error:
            # Without this, a row that trips over a fault of ours would end every batch it is in.
            log.exception("queue.row_failed", queue=self.name, row=str(row.pk))
            self._fail(row, type(error).__name__, shift.clock())
        else:
            turns.note_try(self.name, Outcome.DONE)
        return True

    def _is_still_ours(self, row: Row, now: datetime) -> bool:
        # Rows late in the batch have waited for the slow ones before them.
        if row.due_at - now > self.lease_for * 5 / 6:
            return True
        return leases.renew(row, lease_for=self.lease_for, now=now)

    def _fail(self, row: Row, error: str, now: datetime) -> None:
        due_at = self.next_try(row, now)
        told = {"queue": self.name, "row": str(row.pk), "attempts": row.attempts, "error": error}
        if due_at is None:
            leases.abandon(row, now=now, error=error, **self.when_abandoned)
            turns.note_try(self.name, Outcome.ABANDONED)
            log.error("queue.row_abandoned", **told)
        else:
            leases.retry(row, due_at=due_at, error=error)
            turns.note_try(self.name, Outcome.FAILED)
            log.warning("queue.row_retried", **told)
