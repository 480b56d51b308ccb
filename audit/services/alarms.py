"""Loud lines of the log that do not drown the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from django import db

log = structlog.get_logger(__name__)

_SAID_EVERY = 60.0

_said: dict[tuple[str, str], float] = {}


def sound(alarm: str, *, about: str = "", **told: Any) -> None:
    """Log an error, once a minute for each thing it is about: a worker meets it twice a second."""
    now = time.monotonic()
    if now - _said.get((alarm, about), float("-inf")) >= _SAID_EVERY:
        _said[alarm, about] = now
        log.error(alarm, about=about, **told)


def unless_stuck(chain: UUID, work: Callable[[], int]) -> int:
    """
    Work on one chain; a row of it that the database refuses stops that chain and no other.

    :raises OperationalError: the database itself cannot go on
    """
    try:
        return work()
    except db.OperationalError:
        raise
    except db.DatabaseError as error:
        # Somebody changed this chain behind the application's back.
        sound("trail.chain_stuck", about=str(chain), error=str(error))
        return 0


def forget() -> None:
    """Let every alarm sound anew."""
    _said.clear()
