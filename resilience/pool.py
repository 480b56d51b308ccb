"""The state of this process's database connections."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

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
    Read the figures of psycopg's pool, without asking the server.

    SQLite has no pool: every thread opens a connection of its own and nobody waits for one.
    """
    connection = connections[alias]
    pool = connection.pool if isinstance(connection, DatabaseWrapper) else None
    if not isinstance(connection, DatabaseWrapper) or pool is None:
        is_open = int(connection.connection is not None)
        return PoolState(
            size=is_open,
            available=0,
            waiting=0,
            max=settings.WEB_THREADS,
            wait_p95_ms=0.0,
            errors=0,
        )
    # A pool that was never opened counts the connections it is going to make.
    figures = {} if pool.closed else pool.get_stats()
    return PoolState(
        size=figures.get("pool_size", 0),
        available=figures.get("pool_available", 0),
        waiting=figures.get("requests_waiting", 0),
        max=pool.max_size,
        wait_p95_ms=round(_p95(list(connection.gate.waits)) * 1000, 1),
        errors=connection.gate.errors,
    )


def _p95(seconds: list[float]) -> float:
    """The 95th percentile by nearest rank; nothing of nothing."""
    return sorted(seconds)[math.ceil(len(seconds) * 0.95) - 1] if seconds else 0.0
