"""
Prometheus metrics over all processes of a deployment on one machine.

Nothing here is on the way of a request: parts count in plain integers, and ``flush`` carries what
was added since to this process's files, every two seconds and before each scrape that it answers.
A scrape reads the files of every process. A process that is killed takes the counts of its last
two seconds along, never those of before; its gauges are gone with it.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import MultiProcessValue

from resilience import glance
from resilience.forks import renew_after_fork
from resilience.measures import Kind, Measure
from resilience.readings import Reading, readings
from resilience.slots import Slot, Slots

FLUSH_EVERY = 2.0
DIRECTORY = "metrics"

_log = structlog.get_logger(__name__)

Series = tuple[Measure, tuple[str, ...], str]


class Book:
    """
    What this process has written down of its figures.

    A figure of a counter is a running total, so what is added is its difference to the last time.
    One that went down belongs to something made anew, and counts whole.
    """

    def __init__(self, *, kind: str = "") -> None:
        self.kind = kind
        self._slot: Slot | None = None
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Leave the slot to the parent and take another at the next flush."""
        self._lock = threading.Lock()
        if self._slot is not None:
            self._slot.close()
        self._slot = None
        self._values: dict[Series, Any] = {}
        self._seen: dict[Reading, float] = {}
        self._is_well = True

    def flush(self) -> None:
        """Write what changed; a directory that cannot be written costs metrics and nothing else."""
        with self._lock:
            try:
                self._open()
                self._write()
            except OSError as error:
                if self._is_well:
                    _log.error("metrics.not_written", error=str(error))
                self._is_well = False
            else:
                self._is_well = True

    def _open(self) -> None:
        if self._slot is not None:
            return
        # The library knows no other way of being told the directory.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.VAR_DIR / DIRECTORY)
        slot = slots().take()
        self._new_value = MultiProcessValue(lambda: slot.number)  # type: ignore[no-untyped-call]
        self._slot = slot

    def _write(self) -> None:
        seen: dict[Reading, float] = {}
        # What is read no more, such as the breaker of a deleted endpoint, stands at none.
        gauges = {series: 0.0 for series in self._values if series[0].kind.is_gauge}
        for reading, figure in readings(self.kind):
            seen[reading] = figure
            series = (reading.measure, reading.labels, reading.part)
            if reading.measure.kind is Kind.MAX:
                gauges[series] = max(gauges.get(series, 0.0), figure)
            elif reading.measure.kind is Kind.SUM:
                gauges[series] = gauges.get(series, 0.0) + figure
            else:
                before = self._seen.get(reading, 0.0)
                self._add(series, figure - before if figure >= before else figure)
        for series, figure in gauges.items():
            self._value(series).set(figure)
        self._seen = seen

    def _add(self, series: Series, amount: float) -> None:
        # Looked up first: a counter at zero must be exported, or its first rise is not seen.
        value = self._value(series)
        if amount:
            value.inc(amount)

    def _value(self, series: Series) -> Any:
        value = self._values.get(series)
        if value is None:
            value = self._values[series] = self._made(*series)
        return value

    def _made(self, measure: Measure, labels: tuple[str, ...], part: str) -> Any:
        names = (*measure.labels, "le") if part == "_bucket" else measure.labels
        name = measure.name + part if part else measure.exported_name
        typ, _, mode = measure.kind.value.partition("_")
        return self._new_value(typ, measure.name, name, names, labels, measure.meaning, mode)


_book = Book()


def slots() -> Slots:
    return Slots(settings.VAR_DIR / DIRECTORY)


def start(*, kind: str) -> None:
    """Flush now and then for as long as this process, a ``web`` or a ``worker``, lives."""
    _book.kind = kind
    threading.Thread(target=_flush_for_ever, name="metrics", daemon=True).start()
    # What was counted since the last flush is not lost by a graceful end.
    atexit.register(flush)


def flush() -> None:
    """Let scrapes that other processes answer see what this one has counted."""
    _book.flush()


def exposition() -> bytes:
    """Write what a scrape is answered; neither Redis nor the database can hold it up for long."""
    flush()
    registry = CollectorRegistry()
    registry.register(_Everywhere())
    return generate_latest(registry)


class _Everywhere(Collector):
    """The figures of every process, and those that no process has for itself."""

    def collect(self) -> Iterator[Metric]:
        yield from MultiProcessCollector.merge(slots().files())  # type: ignore[no-untyped-call]
        yield from glance.families()


def _flush_for_ever() -> None:
    pause = threading.Event()
    while not pause.wait(FLUSH_EVERY):
        flush()
