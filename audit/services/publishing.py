"""
Sending checkpoints where whoever holds the database does not reach: the queue ``checkpoints``.

A history that was rewritten with the key verifies, and shows beside a copy from before. A file
takes one line for each checkpoint, a server one request; what fails is tried again for ever,
because a copy that comes a week late still shows it.
"""

from __future__ import annotations

import fcntl
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import orjson
from django.conf import settings

from audit.models import Checkpoint
from plinto.kernel.exceptions import PlintoServiceException, ServiceUnavailableError
from resilience import backoff, http, leases
from resilience.queues import LeasedQueue
from resilience.worker import Shift

_RETRY_BASE = timedelta(seconds=5)
_RETRY_CAP = timedelta(minutes=15)


def is_wanted() -> bool:
    """Say whether this deployment sends checkpoints anywhere."""
    return bool(settings.AUDIT_CHECKPOINT_FILE or settings.AUDIT_CHECKPOINT_URL)


def publish(checkpoint: Checkpoint, *, now: datetime) -> None:
    """
    Send one checkpoint everywhere it is wanted and has not been.

    :raises ServiceUnavailableError: the file or the server did not take it; the rest can wait too
    """
    line = orjson.dumps(checkpoint.told())
    if settings.AUDIT_CHECKPOINT_FILE and checkpoint.filed_at is None:
        _append(settings.AUDIT_CHECKPOINT_FILE, line)
        # Remembered at once: a server that is away must not fill the file with one line.
        Checkpoint.objects.filter(pk=checkpoint.pk).update(filed_at=now)
    if settings.AUDIT_CHECKPOINT_URL:
        _post(settings.AUDIT_CHECKPOINT_URL, line)
    leases.settle(checkpoint, now=now)


def _append(path: str, line: bytes) -> None:
    """Add a line and return when it is on the disk; workers of one machine take turns."""
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            # A disk that was full once has cut a line in half; the next begins on its own.
            is_torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            whole = (b"\n" if is_torn else b"") + line + b"\n"
            if os.write(file, whole) != len(whole):
                raise ServiceUnavailableError(reason="checkpoint file: the disk is full")
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise ServiceUnavailableError(reason=f"checkpoint file: {error.strerror}") from error


def _post(url: str, line: bytes) -> None:
    try:
        answer = http.send("POST", url, headers={"Content-Type": "application/json"}, content=line)
    except PlintoServiceException as error:
        raise ServiceUnavailableError(reason=f"checkpoint server: {error.reason}") from error
    if not 200 <= answer.status < 300:
        raise ServiceUnavailableError(reason=f"checkpoint server: status {answer.status}")


@contextmanager
def _turn(shift: Shift) -> Iterator[Callable[[Checkpoint], None]]:
    yield lambda checkpoint: publish(checkpoint, now=shift.clock())


def _next_try(checkpoint: Checkpoint, now: datetime) -> datetime:
    return now + backoff.delay(
        attempt=checkpoint.attempts, base=_RETRY_BASE, cap=_RETRY_CAP, draw=random.random
    )


QUEUE = LeasedQueue(name="checkpoints", rows=Checkpoint.objects.all, turn=_turn, next_try=_next_try)
