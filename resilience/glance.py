"""
What a scrape tells beside the figures of processes: readiness, who lives, what waits in queues.

It is found out in a thread of its own with a connection of its own, once a second at most. A
scrape waits a second for it and then goes without: a database that hangs must not hide the very
figures that show it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from django import db
from django.db import connections
from django.db.models import Count, Max, Q
from django.utils import timezone
from prometheus_client.metrics_core import GaugeMetricFamily

from resilience import backlogs, health, measures
from resilience.forks import renew_after_fork
from resilience.measures import Measure
from resilience.models import Process
from resilience.overview import GONE_AFTER
from resilience.probes import unpooled

FRESH_SECONDS = 1.0
PATIENCE_SECONDS = 1.0

Figures = dict[Measure, dict[tuple[str, ...], float]]
_of_apps: list[Callable[[datetime], Figures]] = []
_UNKNOWN: Figures = {measures.READY: {(): 0}, measures.ROWS_READ: {(): 0}}


class Glancer:
    """Calls ``look`` in a thread; while it hangs it is waited for, and not called again."""

    def __init__(
        self,
        look: Callable[[], Figures],
        *,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._patience = patience
        self._clock = clock
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Forget what was seen."""
        self._lock = threading.Lock()
        self._last: tuple[float, Figures] | None = None
        self._thread: threading.Thread | None = None

    def __call__(self) -> Figures:
        """Return what was found within the last moments, else that it is unknown."""
        with self._lock:
            if (found := self._found(within=FRESH_SECONDS)) is not None:
                return found
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="glance", daemon=True)
                self._thread.start()
            thread = self._thread
        thread.join(self._patience)
        found = self._found(within=FRESH_SECONDS + self._patience)
        return _UNKNOWN if found is None else found

    def _found(self, *, within: float) -> Figures | None:
        last = self._last
        return last[1] if last is not None and self._clock() - last[0] < within else None

    def _run(self) -> None:
        self._last = (self._clock(), self._look())


def also(figures: Callable[[datetime], Figures]) -> None:
    """Let an app add figures that come from its rows; called when Django starts."""
    _of_apps.append(figures)


def look() -> Figures:
    """Look at the dependencies and, if the database answers, at its rows."""
    # This thread's connection by that name: a scrape must not wait for the pool it reports on.
    connections["default"] = own = unpooled("default")
    try:
        ready = health.readiness()
        figures: Figures = {
            measures.READY: {(): float(ready.status != "unavailable")},
            measures.DEPENDENCY_UP: {
                (name,): float(finding.is_well) for name, finding in ready.findings.items()
            },
        }
        rows = _rows(timezone.now()) if ready.findings["database"].answers else {}
    finally:
        own.close()
    return {**figures, **rows, measures.ROWS_READ: {(): float(bool(rows))}}


def _rows(now: datetime) -> Figures:
    try:
        found = {**_of_processes(now), **_of_queues(now)}
        for figures in _of_apps:
            found |= figures(now)
        return found
    except db.Error:
        return {}


def _of_processes(now: datetime) -> Figures:
    is_live = Q(ended_at=None, seen_at__gte=now - GONE_AFTER)
    kinds = Process.objects.values("kind").annotate(live=Count("id", is_live), seen=Max("seen_at"))
    found = {row["kind"]: row for row in kinds.order_by()}
    return {
        measures.PROCESSES: {
            (kind,): float(found[kind]["live"] if kind in found else 0)
            for kind in Process.Kind.values
        },
        measures.PROCESS_SEEN: {
            (kind,): (now - row["seen"]).total_seconds() for kind, row in found.items()
        },
    }


def _of_queues(now: datetime) -> Figures:
    queues = backlogs.look(now=now)
    return {
        measures.QUEUE_DUE: {(one.queue,): one.due for one in queues},
        measures.QUEUE_OLDEST: {(one.queue,): one.waited(now) for one in queues},
        measures.QUEUE_ABANDONED: {(one.queue,): one.abandoned for one in queues},
    }


glance = Glancer(look)


def families() -> Iterator[GaugeMetricFamily]:
    """Put what was found in the form of the client library."""
    for measure, figures in glance().items():
        family = GaugeMetricFamily(measure.name, measure.meaning, labels=measure.labels)
        for labels, figure in figures.items():
            family.add_metric(labels, figure)
        yield family
