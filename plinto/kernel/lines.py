"""How long the request of this thread stood in line before the application saw it."""

from __future__ import annotations

import threading


class _Line(threading.local):
    """Seconds, of the request that this thread is at."""

    waited = 0.0


_line = _Line()


def note(seconds: float) -> None:
    """Say how long the request that begins in this thread has waited; 0 when it is over."""
    _line.waited = seconds


def waited() -> float:
    """Return the seconds that the request of this thread has waited."""
    return _line.waited
