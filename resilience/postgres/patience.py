"""
How long one request may wait for the database, over all its waits together.

A request asks for a connection more than once, and goes on after some failures, as the key ring
does; each wait would be within its budget and their sum would not. Outside requests every wait
stands alone.
"""

from __future__ import annotations

import math
import threading
from typing import Any

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.dispatch import receiver

# The server itself gives up a statement after DB_STATEMENT_TIMEOUT and says so; the answer may
# come this much later before its silence says that nobody is there.
GRACE = 1.0
# Below its budget a request still takes a connection that lies ready.
_GLANCE = 0.05


class _Left(threading.local):
    """Seconds that the request of this thread may still wait; None before it has waited at all."""

    for_connections: float | None = math.inf
    for_answers: float | None = math.inf


_left = _Left()


def longest_answer() -> float:
    """Seconds after which a server that answers at all has answered a statement."""
    return settings.DB_STATEMENT_TIMEOUT + GRACE


def for_a_connection() -> float:
    return min(settings.DB_POOL_TIMEOUT, max(_for_connections(), _GLANCE))


def for_an_answer() -> float:
    return max(_for_answers(), 0.0)


def waited_for_a_connection(seconds: float) -> None:
    _left.for_connections = _for_connections() - seconds


def waited_for_an_answer(seconds: float) -> None:
    _left.for_answers = _for_answers() - seconds


def _for_connections() -> float:
    left = _left.for_connections
    return settings.DB_POOL_TIMEOUT if left is None else left


def _for_answers() -> float:
    left = _left.for_answers
    return longest_answer() if left is None else left


@receiver(request_started)
def begin(**_: Any) -> None:
    """Give the request that begins in this thread its budget."""
    # Most requests never ask the database, and reading settings costs more than this.
    _left.for_connections = _left.for_answers = None


@receiver(request_finished)
def end(**_: Any) -> None:
    """Let every wait of this thread stand alone again."""
    _left.for_connections = _left.for_answers = math.inf
