"""
How long to wait before another try: exponential, capped, with full jitter.

Full jitter (a uniform draw below the exponential bound) clears a herd of failed callers with the
least work of the usual kinds: AWS Architecture Blog, "Exponential Backoff And Jitter", 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

_DOUBLINGS = 62  # beyond it every cap is reached, and a float stays exact


def bound(*, attempt: int, base: timedelta, cap: timedelta) -> timedelta:
    """The longest wait after failure number ``attempt``: ``base``, then doubling up to ``cap``."""
    doublings = min(max(attempt, 1) - 1, _DOUBLINGS)
    seconds = min(base.total_seconds() * 2.0**doublings, cap.total_seconds())
    return timedelta(seconds=seconds)


def delay(*, attempt: int, base: timedelta, cap: timedelta, draw: Callable[[], float]) -> timedelta:
    """Draw a wait between nothing and ``bound``; ``draw`` returns a float in [0, 1)."""
    return bound(attempt=attempt, base=base, cap=cap) * draw()
