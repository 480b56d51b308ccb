"""A connection to the database that is not of the pool, for looks and reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from resilience.probes import unpooled


class Line:
    """
    A connection of one thread's own, kept open from one ``with`` block to the next.

    Inside a block every query of the thread for ``alias`` takes it. An exhausted pool then delays
    nothing here, and nothing here takes a connection from a request. A block that fails closes
    it, so that the next one connects anew. ``options`` replace those of the settings.
    """

    def __init__(self, alias: str = "default", **options: Any) -> None:
        self._alias = alias
        self._own = unpooled(alias)
        self._own.settings_dict["OPTIONS"].update(options)
        self._usual: BaseDatabaseWrapper = self._own

    def __enter__(self) -> None:
        self._usual = connections[self._alias]
        connections[self._alias] = self._own

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        connections[self._alias] = self._usual
        if kind is not None:
            self.close()

    def close(self) -> None:
        self._own.close()


@contextmanager
def apart(alias: str = "default") -> Iterator[None]:
    """Let the block's queries take a connection of their own, closed at its end."""
    line = Line(alias)
    try:
        with line:
            yield
    finally:
        line.close()
