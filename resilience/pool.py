"""The state of this process's database connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connections


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """
    ``size`` connections are open, of at most ``max``; ``available`` are idle, ``waiting`` threads
    want one. ``errors`` counts waits that ended in vain and connections that could not be opened.
    """

    size: int
    available: int
    waiting: int
    max: int
    requests: int
    queued: int
    wait_mean_ms: float
    errors: int


def state(alias: str = "default") -> PoolState:
    """
    Read the figures of psycopg's pool, without asking the server.

    SQLite has no pool: every thread opens a connection of its own and nobody waits for one.
    """
    connection: Any = connections[alias]
    pool = connection.pool if connection.vendor == "postgresql" else None
    if pool is None:
        is_open = int(connection.connection is not None)
        return PoolState(
            size=is_open,
            available=0,
            waiting=0,
            max=settings.WEB_THREADS,
            requests=0,
            queued=0,
            wait_mean_ms=0.0,
            errors=0,
        )
    figures = pool.get_stats()
    queued = figures.get("requests_queued", 0)
    return PoolState(
        size=figures["pool_size"],
        available=figures["pool_available"],
        waiting=figures["requests_waiting"],
        max=figures["pool_max"],
        requests=figures.get("requests_num", 0),
        queued=queued,
        wait_mean_ms=round(figures.get("requests_wait_ms", 0) / queued, 1) if queued else 0.0,
        errors=figures.get("requests_errors", 0) + figures.get("connections_errors", 0),
    )
