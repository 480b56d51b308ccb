"""Another transaction that wants the same rows, step by step."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from resilience.probes import unpooled
from tests.resilience.conftest import eventually

_STANDS_IN_THE_WAY = (
    "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


class Rival:
    """Holds what it has touched until it ends, and never is the one that a deadlock undoes."""

    def __init__(self) -> None:
        self._own = unpooled("default")
        self._own.inc_thread_sharing()
        self._own.set_autocommit(False)
        self._steps: list[threading.Thread] = []
        self.does("SET deadlock_timeout = '1min'")
        self.does("SET lock_timeout = '1min'")

    def does(self, statement: str, *values: Any) -> None:
        with self._own.cursor() as cursor:
            cursor.execute(statement, values)

    def holds(self, row: Any) -> None:
        self.does(f"SELECT 1 FROM {row._meta.db_table} WHERE id = %s FOR UPDATE", row.pk)

    def then(self, *statement: Any) -> None:
        """Once somebody waits for this one, run ``statement`` if there is one, and commit."""

        def go_on() -> None:
            eventually(self._is_waited_for, seconds=10)
            if statement:
                self.does(*statement)
            self._own.commit()

        self._steps.append(threading.Thread(target=go_on))
        self._steps[-1].start()

    def _is_waited_for(self) -> bool:
        with self._own.cursor() as cursor:
            cursor.execute(_STANDS_IN_THE_WAY)
            return cursor.fetchone()[0] > 0

    def end(self) -> None:
        for step in self._steps:
            step.join(30)
        self._own.close()


@contextmanager
def rival() -> Iterator[Rival]:
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    other = Rival()
    try:
        yield other
    finally:
        other.end()


@contextmanager
def with_settings(**chosen: str) -> Iterator[None]:
    """Change settings of this thread's connection, such as how long it waits for a lock."""
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    with connection.cursor() as cursor:
        for name, value in chosen.items():
            cursor.execute(f"SET {name} = '{value}'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ALL")
