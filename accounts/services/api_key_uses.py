"""
When keys were used last, written at most once a minute for each.

A process remembers when it wrote, so most requests write nothing. The first of a minute makes one
conditional UPDATE, which waits for nobody: where another request holds the row, that one is
writing. What could not be written is tried again soon, and never fails the request.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django import db
from django.db import transaction
from django.db.models import Q

from accounts.models import ApiKey

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
_REST = 5.0  # seconds without a try after one that failed, whatever the key
_MOST = 10_000  # keys that a process remembers

_due: dict[UUID, float] = {}
_rests_until = 0.0


def note(key_id: UUID, *, now: datetime) -> None:
    """Let the row say that a key was used, unless it says so of the last minute."""
    global _rests_until
    clock = time.monotonic()
    if clock < max(_due.get(key_id, 0.0), _rests_until):
        return
    if len(_due) >= _MOST:
        _due.clear()
    # Before the write, so that other threads leave it to this one.
    _due[key_id] = clock + EVERY.total_seconds()
    try:
        _write(key_id, now=now)
    except db.Error as error:
        # A database that takes no writes is not asked by every key in turn.
        _due.pop(key_id, None)
        _rests_until = clock + _REST
        log.warning("api_key.use_not_written", reason=str(error))


def forget() -> None:
    """Forget what was written when."""
    global _rests_until
    _due.clear()
    _rests_until = 0.0


def _write(key_id: UUID, *, now: datetime) -> None:
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - EVERY)
    with transaction.atomic():
        free = ApiKey.objects.filter(stale, pk=key_id).select_for_update(skip_locked=True)
        ApiKey.objects.filter(pk__in=free.values("pk")).update(last_used_at=now)
