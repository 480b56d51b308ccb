"""
Every live process, as the health pages tell of them: this one as it is now, others by their rows.

The rows are read once a second and process at most, since the pages are public. Without the
database the others are unknown, and said to be.
"""

from __future__ import annotations

from dataclasses import dataclass

from django import db
from django.utils import timezone

from resilience import figures, health, overview, reporter
from resilience.apart import apart
from resilience.overview import ProcessView
from resilience.remembered import Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """``own`` is among ``live``, and the only one there if the others are not known."""

    own: ProcessView
    live: list[ProcessView]
    are_known: bool


def all_live() -> Siblings:
    """Measure this process, and read how the others measured themselves last."""
    mine, others = own(), rows_look()
    if others is None:
        return Siblings(own=mine, live=[mine], are_known=False)
    # In its place among the others, so that lists do not depend on who answers.
    live = [mine, *(process for process in others if process.id != mine.id)]
    live.sort(key=lambda process: (process.started_at, process.id))
    return Siblings(own=mine, live=live, are_known=True)


def own() -> ProcessView:
    """Measure this process alone; nothing is asked of any dependency."""
    life, raw = reporter.life(), figures.of_process()
    circuits, cache, pool = overview.figures_of(raw)
    return ProcessView(
        id=life.id,
        kind=life.kind,
        host=life.host,
        pid=life.pid,
        started_at=life.started_at,
        seen_at=timezone.now(),
        is_live=True,
        circuits=circuits,
        cache=cache,
        pool=pool,
    )


def _read() -> list[ProcessView] | None:
    # A server that does not answer is waited for once, not twice, by whoever asks here.
    if not health.database_look().answers:
        return None
    try:
        with apart():
            return [one for one in overview.processes(now=timezone.now()) if one.is_live]
    except db.Error:
        return None


rows_look: Remembered[list[ProcessView] | None] = Remembered(_read, seconds=health.LOOK_EVERY)
