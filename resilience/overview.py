"""
The whole deployment at a glance: every live process, its breakers, its pool, its cache.

One answer, ``look``, for the admin page, the terminal and the health pages, read from the rows
that processes write about themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from resilience import backlogs, orders
from resilience.backlogs import Backlog
from resilience.circuit import State
from resilience.models import CircuitTransition, Process
from resilience.orders import OrderView

# Nine rounds of the reporter: a machine that is merely busy misses some of them.
GONE_AFTER = timedelta(seconds=45)
SHOWN_FOR = timedelta(days=1)
_TIMELINE = timedelta(hours=1)
# A breaker that flaps in every process must not make the page unreadable, or the answer huge.
_MOST_TRANSITIONS = 1000

View = TypeVar("View")


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitView:
    """One breaker of one process; the counts are since the process began."""

    name: str
    state: State
    since: datetime
    reason: str = ""
    is_forced: bool = False
    generation: int = 0
    next_probe_in: float | None = None
    failure_count: int = 0
    total_calls: int = 0
    successful_calls: int = 0
    failed_calls: int = 0
    rejected_calls: int = 0
    slow_calls: int = 0
    opened_count: int = 0
    last_failure_time: datetime | None = None


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
    """
    The database connections of one process; see ``resilience.pool.PoolState``.

    In a sum, ``wait_p95_ms`` is that of the process where it is longest.
    """

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
    queues: list[Backlog] = field(default_factory=list)

    @property
    def live(self) -> list[ProcessView]:
        return [process for process in self.processes if process.is_live]


def look(*, now: datetime) -> Overview:
    """Read the rows that processes wrote about themselves, and what waits in the queues."""
    seen = processes(now=now)
    live = [process for process in seen if process.is_live]
    cache = _sum(CacheView, [process.cache for process in live])
    return Overview(
        at=now,
        processes=seen,
        breakers=_summaries(live, orders.standing(now=now)),
        timeline=_timeline(now),
        cache=cache,
        pool=pool_sum([process.pool for process in live]),
        hit_ratio=hit_ratio(cache),
        queues=backlogs.look(now=now),
    )


def processes(*, now: datetime) -> list[ProcessView]:
    """List the live processes, then those gone within the last day; the oldest life first."""
    rows = Process.objects.filter(seen_at__gt=now - SHOWN_FOR).order_by("started_at", "id")
    return sorted((_process(row, now=now) for row in rows), key=lambda one: not one.is_live)


def hit_ratio(cache: CacheView) -> float | None:
    """Return which part of all reads, of copies and cache together, found something."""
    hits = cache.copy_hits + cache.cache_hits
    reads = hits + cache.copy_misses + cache.cache_misses
    return hits / reads if reads else None


def pool_sum(pools: Iterable[PoolView]) -> PoolView:
    """Add up pools; waits cannot be added, so the longest stands for all."""
    pools = list(pools)
    total = _sum(PoolView, pools)
    return replace(total, wait_p95_ms=max((pool.wait_p95_ms for pool in pools), default=0.0))


def figures_of(raw: dict[str, Any]) -> tuple[list[CircuitView], CacheView, PoolView]:
    """Read what ``resilience.figures.of_process`` wrote, maybe in another release."""
    circuits = [_circuit(circuit) for circuit in raw.get("circuits", [])]
    return circuits, _known(CacheView, raw.get("cache", {})), _known(PoolView, raw.get("pool", {}))


def _process(row: Process, *, now: datetime) -> ProcessView:
    circuits, cache, pool = figures_of(row.figures)
    return ProcessView(
        id=row.id,
        kind=row.kind,
        host=row.host,
        pid=row.pid,
        started_at=row.started_at,
        seen_at=row.seen_at,
        is_live=row.ended_at is None and row.seen_at > now - GONE_AFTER,
        circuits=circuits,
        cache=cache,
        pool=pool,
    )


def _circuit(raw: dict[str, Any]) -> CircuitView:
    moments = {
        name: datetime.fromisoformat(raw[name])
        for name in ("since", "last_failure_time")
        if raw.get(name)
    }
    return _known(CircuitView, {**raw, **moments, "state": State(raw["state"])})


def _known(view: type[View], raw: dict[str, Any]) -> View:
    """Make a view of the fields it has; while a release is rolled out, rows may have others."""
    names = {one.name for one in fields(view)}  # type: ignore[arg-type]
    return view(**{name: value for name, value in raw.items() if name in names})


def _sum(view: type[View], parts: Iterable[View]) -> View:
    parts = list(parts)
    names = [one.name for one in fields(view)]  # type: ignore[arg-type]
    return view(**{name: sum(getattr(part, name) for part in parts) for name in names})


def _summaries(live: Iterable[ProcessView], standing: dict[str, OrderView]) -> list[BreakerSummary]:
    """Count the states per name; an order may stand for a breaker that nobody has made yet."""
    found: dict[str, list[CircuitView]] = {name: [] for name in standing}
    for process in live:
        for circuit in process.circuits:
            found.setdefault(circuit.name, []).append(circuit)
    return [
        BreakerSummary(
            name=name,
            open=sum(circuit.state is State.OPEN for circuit in circuits),
            half_open=sum(circuit.state is State.HALF_OPEN for circuit in circuits),
            closed=sum(circuit.state is State.CLOSED for circuit in circuits),
            forced=sum(circuit.is_forced for circuit in circuits),
            order=standing.get(name),
        )
        for name, circuits in sorted(found.items())
    ]


def _timeline(now: datetime) -> list[TransitionView]:
    newest = CircuitTransition.objects.filter(occurred_at__gt=now - _TIMELINE)
    rows = newest.order_by("-occurred_at", "-id")[:_MOST_TRANSITIONS]
    return [
        TransitionView(
            process_id=row.process_id,
            process_label=row.process_label,
            breaker=row.breaker,
            before=State(row.before),
            after=State(row.after),
            reason=row.reason,
            is_forced=row.is_forced,
            occurred_at=row.occurred_at,
        )
        for row in reversed(rows)
    ]
