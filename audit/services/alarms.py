"""Loud lines of the log that do not drown the others."""

from __future__ import annotations

import time
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_SAID_EVERY = 60.0

_said: dict[tuple[str, str], float] = {}


def sound(alarm: str, *, about: str = "", **told: Any) -> None:
    """Log an error, once a minute for each thing it is about: a worker meets it twice a second."""
    now = time.monotonic()
    if now - _said.get((alarm, about), float("-inf")) >= _SAID_EVERY:
        _said[alarm, about] = now
        log.error(alarm, about=about, **told)


def forget() -> None:
    """Let every alarm sound anew."""
    _said.clear()
