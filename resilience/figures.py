"""The figures of this process, in the names that clients of the health pages know."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from resilience import copies, pool
from resilience.circuit import State
from resilience.redis import Door
from resilience.stores import store

_COUNTS = (
    "failure_count",
    "total_calls",
    "successful_calls",
    "failed_calls",
    "rejected_calls",
    "slow_calls",
    "opened_count",
)


def circuit() -> dict[str, Any]:
    """The breaker to Redis, and the fallback behind it."""
    found = store()
    copy_hits, copy_misses = copies.figures()
    return {
        **(_of_door(found.door) if found.door is not None else _WITHOUT_REDIS),
        "fallback_calls": found.fallback_calls,
        "fallback_hits": found.fallback.hits,
        "fallback_misses": found.fallback.misses,
        "fallback_size": len(found.fallback),
        "hits": found.hits + copy_hits,
        "misses": found.misses + copy_misses,
    }


def database() -> dict[str, Any]:
    """The pool of database connections."""
    return asdict(pool.state())


def worker() -> dict[str, Any]:
    """What tells this process from its siblings."""
    return {"pid": os.getpid()}


def moment(unix_time: float | None) -> datetime | None:
    return None if unix_time is None else datetime.fromtimestamp(unix_time, tz=UTC)


def _of_door(door: Door) -> dict[str, Any]:
    breaker = door.breaker
    next_probe_in = breaker.next_probe_in()
    return {
        "state": breaker.standing.state.value,
        "write_degraded": not door.writes.is_closed,
        **{name: getattr(breaker, name) for name in _COUNTS},
        "last_failure_time": moment(breaker.last_failure_time),
        "next_probe_in": None if next_probe_in is None else round(next_probe_in, 3),
        "generation": breaker.standing.generation,
    }


_WITHOUT_REDIS: dict[str, Any] = {
    "state": State.CLOSED.value,
    "write_degraded": False,
    **dict.fromkeys(_COUNTS, 0),
    "last_failure_time": None,
    "next_probe_in": None,
    "generation": 0,
}
