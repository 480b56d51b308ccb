"""Pools of one test before a PostgreSQL server that may be harmed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django import db
from django.conf import settings
from environ import Env

from resilience import breakers
from resilience.postgres.base import DatabaseWrapper

_numbers = itertools.count()


@dataclass
class Doorway:
    """The engine under an alias of its own; each wrapper stands for one thread's connection."""

    options: dict[str, object]
    settings: dict[str, object]
    alias: str = field(default_factory=lambda: f"harmed-{next(_numbers)}")
    made: list[DatabaseWrapper] = field(default_factory=list)

    def wrapper(self, **pool: float) -> DatabaseWrapper:
        """Make the connection of another thread; ``pool`` sizes the pool, at its first use."""
        sizes = {"min_size": 1, "max_size": 2, "reconnect_timeout": 2.0, **pool}
        options = {**self.options, "pool": sizes}
        wrapper = DatabaseWrapper({**self.settings, "OPTIONS": options}, self.alias)
        wrapper.inc_thread_sharing()
        self.made.append(wrapper)
        return wrapper

    @property
    def gate(self):
        return self.made[0].gate

    def close(self) -> None:
        for wrapper in self.made:
            wrapper.close()
        if self.made:
            # A thread of its pool may still fail to connect, and must not set off a recovery.
            self.gate.breaker.force_closed()
            self.gate.close()
            breakers.forget(self.gate.breaker.name)


@contextmanager
def doorway_to(url: str) -> Iterator[Doorway]:
    """Configure the engine for ``url`` as the settings configure it for their database."""
    given = settings.DATABASES["default"]
    if not given["ENGINE"].endswith("postgres"):
        pytest.skip("This run has no PostgreSQL.")
    asked = Env.db_url_config(url)
    options = {**given["OPTIONS"], **asked.get("OPTIONS", {})}
    doorway = Doorway(options=options, settings={**given, **asked})
    try:
        yield doorway
    finally:
        doorway.close()


def ask(wrapper: DatabaseWrapper, statement: str = "SELECT 1") -> object:
    """Run one statement and hand the connection back, as one request would."""
    try:
        with wrapper.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        wrapper.close()


def refused(act: Callable[[], object]) -> tuple[float, str]:
    """Return how long ``act`` took to fail for want of the database, and the words it used."""
    began = time.monotonic()
    try:
        act()
    except (db.OperationalError, db.InterfaceError) as error:
        return time.monotonic() - began, str(error)
    raise AssertionError("The database answered.")
