"""
The whole deployment at a glance: every live process, its breakers, its pool, its cache.

One answer, ``look``, for the admin page, the terminal and the health pages, read from the rows
that processes write about themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from resilience.circuit import State


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitView:
    """One breaker of one process; the counts are since the process began."""

    name: str
    state: State
    reason: str
    since: datetime
    is_forced: bool
    generation: int
    next_probe_in: float | None
    failure_count: int
    total_calls: int
    successful_calls: int
    failed_calls: int
    rejected_calls: int
    slow_calls: int
    opened_count: int
    last_failure_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheView:
    """The cache of one process, and its copies of security facts."""

    copy_hits: int = 0
    copy_misses: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    fallback_calls: int = 0
    fallback_hits: int = 0
    fallback_misses: int = 0
    fallback_size: int = 0
    unsettled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """The database connections of one process; see ``resilience.pool.PoolState``."""

    size: int = 0
    available: int = 0
    waiting: int = 0
    max: int = 0
    wait_p95_ms: float = 0.0
    errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessView:
    id: UUID
    kind: str
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime
    is_live: bool
    circuits: list[CircuitView] = field(default_factory=list)
    cache: CacheView = field(default_factory=CacheView)
    pool: PoolView = field(default_factory=PoolView)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """The order that stands for a breaker; ``ends_at`` is set for a rehearsal."""

    breaker: str
    act: str
    reason: str
    ordered_by: str
    ordered_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionView:
    process_id: UUID
    process_label: str
    breaker: str
    before: State
    after: State
    reason: str
    is_forced: bool
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSummary:
    """One breaker name over all live processes: "3 of 4 open"."""

    name: str
    open: int
    half_open: int
    closed: int
    forced: int
    order: OrderView | None

    @property
    def processes(self) -> int:
        return self.open + self.half_open + self.closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """
    ``processes`` are the live ones and those gone within the last day, live ones first;
    ``timeline`` holds the transitions of the last hour, oldest first; ``hit_ratio`` is of copies
    and cache reads together over the live processes, ``None`` before the first read.
    """

    at: datetime
    processes: list[ProcessView]
    breakers: list[BreakerSummary]
    timeline: list[TransitionView]
    cache: CacheView
    pool: PoolView
    hit_ratio: float | None

    @property
    def live(self) -> list[ProcessView]:
        return [process for process in self.processes if process.is_live]
