"""How operators read times, shares and states."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from resilience.overview import PoolView, hit_ratio

NEVER = "–"

register = template.Library()
register.filter(hit_ratio)

# A unit is used from twice its length on, so that rounding down hides less than half.
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


@register.filter
def rfc3339(moment: datetime) -> str:
    """Write a moment as RFC 3339 does: in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@register.filter
def distance(when: datetime, at: datetime) -> str:
    """Say how long before or after ``at`` a moment is, in one unit."""
    seconds = (at - when).total_seconds()
    unit, length = next((unit for unit in _UNITS if abs(seconds) >= 2 * unit[1]), ("s", 1))
    amount = f"{int(abs(seconds) // length)} {unit}"
    return f"{amount} ago" if seconds >= 0 else f"in {amount}"


@register.filter
def moment(when: datetime | None, at: datetime) -> str | SafeString:
    """Write a moment exactly, and its distance from ``at`` beside it."""
    if when is None:
        return NEVER
    exact = rfc3339(when)
    return format_html(
        '<time datetime="{}">{}</time> <span class="age">{}</span>',
        exact,
        exact,
        distance(when, at),
    )


@register.filter
def percent(share: float | None) -> str:
    """Write a share of one; a dash before there is anything to share."""
    return NEVER if share is None else f"{100 * share:.1f} %"


@register.filter
def spelled(state: StrEnum) -> str:
    """Write a state or a mode as people do."""
    return state.value.replace("_", "-")


@register.filter
def in_use(pool: PoolView) -> int:
    """The connections that somebody holds now."""
    return pool.size - pool.available
