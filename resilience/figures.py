"""
The figures of this process: what its row says of it, and what the health pages show.

``of_process`` is the whole of it as JSON, in the names of the views in ``resilience.overview``;
``circuit`` picks out the breaker to Redis, in the names that clients of the health pages know.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from resilience import breakers, copies, pool
from resilience.breaker import Breaker
from resilience.circuit import State
from resilience.overview import CacheView, CircuitView, ProcessView, hit_ratio
from resilience.redis import configured
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
_OF_CIRCUIT = (*_COUNTS, "last_failure_time", "next_probe_in", "generation")
_OF_CACHE = ("fallback_calls", "fallback_hits", "fallback_misses", "fallback_size", "unsettled")


def of_process() -> dict[str, Any]:
    """Measure this process; nothing is asked of any dependency."""
    # The store first: it makes the breakers to Redis, if no request has needed them yet.
    return {
        "cache": _cache(),
        "circuits": [_breaker(breaker) for breaker in breakers.every()],
        "pool": _pool(),
    }


def circuit(process: ProcessView) -> dict[str, Any]:
    """The breaker to Redis in ``process``, and the cache behind it; no host is named."""
    url, name, _ = configured("default")
    named = {one.name: one for one in process.circuits} if url else {}
    reads = named.get(f"redis:{name}") or CircuitView(
        name=name, state=State.CLOSED, since=process.started_at
    )
    writes = named.get(f"redis:{name}:writes")
    cache = process.cache
    return {
        "state": reads.state.value,
        "write_degraded": writes is not None and writes.state is not State.CLOSED,
        **{field: getattr(reads, field) for field in _OF_CIRCUIT},
        **{field: getattr(cache, field) for field in _OF_CACHE},
        **_reads(cache),
    }


def _reads(cache: CacheView) -> dict[str, Any]:
    """Count what reads of the cache and of copies found."""
    ratio = hit_ratio(cache)
    return {
        "hits": cache.cache_hits + cache.copy_hits,
        "misses": cache.cache_misses + cache.copy_misses,
        "hit_ratio": None if ratio is None else round(ratio, 4),
    }


def _breaker(breaker: Breaker) -> dict[str, Any]:
    standing = breaker.standing
    next_probe_in = breaker.next_probe_in()
    return {
        "name": breaker.name,
        "state": standing.state.value,
        "reason": standing.reason,
        "since": _text(standing.since),
        "is_forced": standing.is_forced,
        "generation": standing.generation,
        "next_probe_in": None if next_probe_in is None else round(next_probe_in, 3),
        **{name: getattr(breaker, name) for name in _COUNTS},
        "last_failure_time": _text(breaker.last_failure_time),
    }


def _cache() -> dict[str, Any]:
    found = store()
    copy_hits, copy_misses = copies.figures()
    return {
        "copy_hits": copy_hits,
        "copy_misses": copy_misses,
        "cache_hits": found.hits,
        "cache_misses": found.misses,
        "fallback_calls": found.fallback_calls,
        "fallback_hits": found.fallback.hits,
        "fallback_misses": found.fallback.misses,
        "fallback_size": len(found.fallback),
        "unsettled": found.unsettled,
    }


def _pool() -> dict[str, Any]:
    return asdict(pool.state())


def _text(unix_time: float | None) -> str | None:
    return None if unix_time is None else datetime.fromtimestamp(unix_time, tz=UTC).isoformat()
