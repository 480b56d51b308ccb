"""
Durable work on ordinary rows: claim, commit, act, settle.

A row that has work to do is ``due``. Claiming pushes its due time one lease ahead and stamps it
with a fresh token, and that is committed before anything is done. A worker that dies simply lets
the row come due again, so work happens at least once and a kill -9 loses nothing. Whatever a
worker writes afterwards is conditional on its token: one that outlived its lease changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from django.db import models, transaction
from django.db.models import F, Q, QuerySet

ERROR_CHARACTERS = 500


class State(models.TextChoices):
    DUE = "due", "Due"
    SETTLED = "settled", "Settled"
    ABANDONED = "abandoned", "Given up"


class LeasedRow(models.Model):
    """Columns of a row that workers lease; ``attempts`` counts the claims of killed workers too."""

    due_at = models.DateTimeField()
    lease = models.UUIDField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=9, choices=State, default=State.DUE)
    settled_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=ERROR_CHARACTERS, blank=True, default="")

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="due"), name="%(class)s_due"),
            models.Index(
                fields=["settled_at"],
                condition=Q(settled_at__isnull=False),
                name="%(class)s_settled",
            ),
            # Few rows, which operators and metrics look for among all that are settled.
            models.Index(
                fields=["settled_at"], condition=Q(state="abandoned"), name="%(class)s_abandoned"
            ),
        ]


Row = TypeVar("Row", bound=LeasedRow)


def claim(rows: QuerySet[Row], *, limit: int, lease_for: timedelta, now: datetime) -> list[Row]:
    """
    Lease up to ``limit`` due rows, oldest first, committed on return.

    Workers do not wait for each other: PostgreSQL skips rows another one is claiming, SQLite has
    one writer at a time. Must not be called inside a transaction, which would hold the claim back.
    """
    # An idle worker asks twice a second; on SQLite it must not take the write lock for that.
    if not rows.filter(state=State.DUE, due_at__lte=now).exists():
        return []
    return claim_each([(rows, limit)], lease_for=lease_for, now=now)


def claim_each(
    portions: Sequence[tuple[QuerySet[Row], int]], *, lease_for: timedelta, now: datetime
) -> list[Row]:
    """Lease up to so many due rows of each portion as it says, all at once, as ``claim`` does."""
    token, due_again, claimed = uuid4(), now + lease_for, list[Row]()
    with transaction.atomic(durable=True):
        for rows, limit in portions:
            due = rows.filter(state=State.DUE, due_at__lte=now).order_by("due_at")
            claimed += due.select_for_update(skip_locked=True)[:limit]
        if claimed:
            type(claimed[0])._default_manager.filter(pk__in=[row.pk for row in claimed]).update(
                due_at=due_again, lease=token, attempts=F("attempts") + 1
            )
    for row in claimed:
        row.due_at, row.lease, row.attempts = due_again, token, row.attempts + 1
    return claimed


def renew(row: LeasedRow, *, lease_for: timedelta, now: datetime) -> bool:
    """Push the lease ahead; false means another worker may have the row, so leave it alone."""
    return _write(row, due_at=now + lease_for)


def release(row: LeasedRow, *, now: datetime) -> bool:
    """Hand back a row that was claimed but not begun; the claim does not count as an attempt."""
    return _write(row, due_at=now, lease=None, attempts=row.attempts - 1)


def settle(row: LeasedRow, *, now: datetime, **columns: Any) -> bool:
    """Close a row whose work is done, and set ``columns`` in the same statement."""
    return _write(row, state=State.SETTLED, settled_at=now, lease=None, last_error="", **columns)


def retry(row: LeasedRow, *, due_at: datetime, error: str, **columns: Any) -> bool:
    """Let a failed row come due again at ``due_at``; ``error`` is shown to operators."""
    return _write(row, due_at=due_at, lease=None, last_error=error[:ERROR_CHARACTERS], **columns)


def abandon(row: LeasedRow, *, now: datetime, error: str, **columns: Any) -> bool:
    """Stop trying; the row stays where operators see it, with ``columns`` set."""
    return _write(
        row,
        state=State.ABANDONED,
        settled_at=now,
        lease=None,
        last_error=error[:ERROR_CHARACTERS],
        **columns,
    )


def _write(row: LeasedRow, **columns: Any) -> bool:
    mine = type(row)._default_manager.filter(pk=row.pk, lease=row.lease, state=State.DUE)
    return row.lease is not None and mine.update(**columns) == 1
