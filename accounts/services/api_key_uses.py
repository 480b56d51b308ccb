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
_AGAIN = 5.0  # seconds until a failed write is tried once more
_MOST = 10_000  # keys that a process remembers

_due: dict[UUID, float] = {}


def note(key_id: UUID, *, now: datetime) -> None:
    """Let the row say that a key was used, unless it says so of the last minute."""
    clock = time.monotonic()
    if _due.get(key_id, 0.0) > clock:
        return
    if len(_due) >= _MOST:
        _due.clear()
    _due[key_id] = clock + EVERY.total_seconds()
    try:
        _write(key_id, now=now)
    except db.Error as error:
        _due[key_id] = clock + _AGAIN
        log.warning("api_key.use_not_written", api_key_id=str(key_id), reason=str(error))


def forget() -> None:
    """Forget what was written when."""
    _due.clear()


def _write(key_id: UUID, *, now: datetime) -> None:
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - EVERY)
    with transaction.atomic():
        free = ApiKey.objects.filter(stale, pk=key_id).select_for_update(skip_locked=True)
        ApiKey.objects.filter(pk__in=free.values("pk")).update(last_used_at=now)
