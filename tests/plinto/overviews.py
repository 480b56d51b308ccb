"""Overviews as ``look`` would give them, made without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from resilience.circuit import State
from resilience.overview import (
    CacheView,
    CircuitView,
    Overview,
    PoolView,
    ProcessView,
    TransitionView,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def minutes(count: float) -> datetime:
    """The moment so many minutes before noon."""
    return NOON - timedelta(minutes=count)


def a_circuit(name: str = "redis:default", **fields: object) -> CircuitView:
    given = {
        "name": name,
        "state": State.CLOSED,
        "reason": "",
        "since": minutes(90),
        "is_forced": False,
        "generation": 1,
        "next_probe_in": None,
        "last_failure_time": None,
    }
    counts = ("failure_count", "total_calls", "successful_calls", "failed_calls")
    counts += ("rejected_calls", "slow_calls", "opened_count")
    return CircuitView(**{**dict.fromkeys(counts, 0), **given, **fields})


def a_process(number: int = 1, *circuits: CircuitView, **fields: object) -> ProcessView:
    given = {
        "id": UUID(int=number),
        "kind": "web",
        "host": "host",
        "pid": number,
        "started_at": minutes(90),
        "seen_at": NOON,
        "is_live": True,
        "circuits": list(circuits or (a_circuit(),)),
    }
    return ProcessView(**{**given, **fields})


def a_move(ago: float, before: State, after: State, **fields: object) -> TransitionView:
    given = {
        "process_id": UUID(int=1),
        "process_label": "web host:1",
        "breaker": "redis:default",
        "before": before,
        "after": after,
        "reason": "",
        "is_forced": False,
        "occurred_at": minutes(ago),
    }
    return TransitionView(**{**given, **fields})


def an_overview(*processes: ProcessView, moves: list[TransitionView] | None = None) -> Overview:
    return Overview(
        at=NOON,
        processes=list(processes),
        breakers=[],
        timeline=moves or [],
        cache=CacheView(),
        pool=PoolView(),
        hit_ratio=None,
    )
