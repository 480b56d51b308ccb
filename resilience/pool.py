"""The state of this process's database connections."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from resilience.postgres.base import DatabaseWrapper


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """
    ``size`` connections are open, of at most ``max``; ``available`` are idle, ``waiting`` threads
    want one. ``wait_p95_ms`` is of the last 512 check-outs. ``errors`` counts waits that ended in
    vain and connections that could not be opened.
    """

    size: int
    available: int
    waiting: int
    max: int
    wait_p95_ms: float
    errors: int


def state(alias: str = "default") -> PoolState:
    """
    Read the figures of this process's connections, without asking the server or opening any.

    A deployment without a pool, as on SQLite, opens a connection for every thread, and nobody
    waits for one.
    """
    return of(connections[alias])


def of(connection: BaseDatabaseWrapper) -> PoolState:
    """Read the figures of the pool that ``connection`` is lent from, made or not."""
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if not isinstance(connection, DatabaseWrapper) or not pool:
        is_open = int(connection.connection is not None)
        return PoolState(
            size=is_open,
            available=0,
            waiting=0,
            max=settings.WEB_THREADS,
            wait_p95_ms=0.0,
            errors=0,
        )
    gate = connection.gate
    available, waiting = gate.idle_and_waiting()
    return PoolState(
        size=gate.open_connections(),
        available=available,
        waiting=waiting,
        max=pool["max_size"],
        wait_p95_ms=round(_p95(list(gate.waits)) * 1000, 1),
        errors=gate.errors,
    )


def _p95(seconds: list[float]) -> float:
    """The 95th percentile by nearest rank; nothing of nothing."""
    return sorted(seconds)[math.ceil(len(seconds) * 0.95) - 1] if seconds else 0.0
