"""
When what signs or seals ends: certificates of providers, and Plinto's own service key.

A connection lasts as long as the last of its provider's certificates, because while a provider
rolls over its old one may end without anybody noticing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# Days before the end at which somebody is told.
HORIZONS = (30, 7, 1)


def days_left(end: datetime | None, *, now: datetime) -> int | None:
    """Whole days until a moment, negative once it has passed; None for what does not end."""
    return None if end is None else (end - now) // timedelta(days=1)


def told(end: datetime | None, *, now: datetime) -> str:
    """Say in words how long a certificate lasts."""
    left = days_left(end, now=now)
    if left is None:
        return "none"
    if left < 0:
        return "expired"
    return "ends today" if left == 0 else f"{left} days left"
