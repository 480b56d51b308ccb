"""What a closed breaker adds to a call, and what a refused call costs, in nanoseconds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import pybreaker
from circuitbreaker import CircuitBreaker, CircuitBreakerError
from purgatory import SyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from benchmarks.table import Column, Figures, table
from resilience.breaker import Breaker
from resilience.errors import CircuitOpenError

ROUNDS = 21
CALLS = 20_000

Loop = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """``closed`` makes a call so many times through a closed breaker, ``refused`` an open one."""

    name: str
    closed: Loop
    refused: Loop | None = None


def _nothing() -> None:
    """Stand for the guarded call."""


def _failing() -> None:
    raise OSError


def _bare(count: int) -> None:
    for _ in range(count):
        _nothing()


def _plinto() -> list[Contender]:
    breaker = Breaker("closed")

    def as_the_door(count: int) -> None:
        clock, admit, succeeded = breaker.clock, breaker.admit, breaker.succeeded
        for _ in range(count):
            permit, began = breaker.permit or admit(may_probe=False), clock()
            _nothing()
            succeeded(permit, began=began)

    def without_a_clock(count: int) -> None:
        admit, succeeded = breaker.admit, breaker.succeeded
        for _ in range(count):
            permit = breaker.permit or admit(may_probe=False)
            _nothing()
            succeeded(permit)

    def guarded(count: int) -> None:
        for _ in range(count):
            with breaker.guard(failures=(OSError,)):
                _nothing()

    opened = Breaker("opened")
    opened.force_open()
    return [
        Contender("Plinto, as Redis is guarded (slow calls found)", as_the_door, _spared(opened)),
        Contender("Plinto, without the clock", without_a_clock),
        Contender(
            "Plinto, with-block",
            guarded,
            _refusing(lambda: opened.admit(may_probe=False), CircuitOpenError),
        ),
    ]


def _spared(breaker: Breaker) -> Loop:
    """Look whether the circuit is closed, as the cache does before it turns to its fallback."""

    def loop(count: int) -> None:
        for _ in range(count):
            if breaker.permit is None:
                breaker.rejected_calls += 1

    return loop


def _refusing(call: Callable[[], object], error: type[Exception]) -> Loop:
    def loop(count: int) -> None:
        for _ in range(count):
            try:
                call()
            except error:
                continue

    return loop


def _repeating(call: Callable[[], object]) -> Loop:
    def loop(count: int) -> None:
        for _ in range(count):
            call()

    return loop


def _peers() -> list[Contender]:
    py, py_open = pybreaker.CircuitBreaker(), pybreaker.CircuitBreaker()
    py_open.open()
    circuit, circuit_open = CircuitBreaker(), CircuitBreaker(failure_threshold=1)
    for _ in range(2):
        try:
            circuit_open.call(_failing)
        except (OSError, CircuitBreakerError):
            continue
    factory = SyncCircuitBreakerFactory(default_threshold=5)
    purged = factory.get_breaker("closed")

    def purgatory(count: int) -> None:
        for _ in range(count):
            with purged:
                _nothing()

    purged_open = SyncCircuitBreakerFactory(default_threshold=1).get_breaker("opened")
    for _ in range(2):
        try:
            with purged_open:
                _failing()
        except (OSError, OpenedState):
            continue

    def purgatory_refused(count: int) -> None:
        for _ in range(count):
            try:
                with purged_open:
                    _nothing()
            except OpenedState:
                continue

    return [
        Contender(
            "pybreaker",
            _repeating(lambda: py.call(_nothing)),
            _refusing(lambda: py_open.call(_nothing), pybreaker.CircuitBreakerError),
        ),
        Contender(
            "circuitbreaker",
            _repeating(lambda: circuit.call(_nothing)),
            _refusing(lambda: circuit_open.call(_nothing), CircuitBreakerError),
        ),
        Contender("purgatory", purgatory, purgatory_refused),
    ]


def _nanoseconds(loop: Loop) -> float:
    began = time.perf_counter_ns()
    loop(CALLS)
    return (time.perf_counter_ns() - began) / CALLS


def measure(*, rounds: int = ROUNDS) -> list[Figures]:
    """Time every contender once per round, so that noise falls on all alike; return medians."""
    contenders = [*_plinto(), *_peers()]
    bare: list[float] = []
    closed: dict[str, list[float]] = {one.name: [] for one in contenders}
    refused: dict[str, list[float]] = {one.name: [] for one in contenders if one.refused}
    for _ in range(rounds):
        bare.append(_nanoseconds(_bare))
        for one in contenders:
            closed[one.name].append(_nanoseconds(one.closed) - bare[-1])
            if one.refused:
                refused[one.name].append(_nanoseconds(one.refused))
    return [
        {
            "breaker": one.name,
            "added": statistics.median(closed[one.name]),
            "least": min(closed[one.name]),
            "most": max(closed[one.name]),
            "refused": statistics.median(refused[one.name]) if one.refused else None,
        }
        for one in contenders
    ]


def shown(figures: list[Figures]) -> str:
    """Lay the figures out as a Markdown table."""
    return table(
        figures,
        Column("breaker", "breaker", "{}"),
        Column("added", "added to a call, ns (median)", "{:,.0f}"),
        Column("least", "least", "{:,.0f}"),
        Column("most", "most", "{:,.0f}"),
        Column("refused", "a refused call, ns", "{:,.0f}"),
    )
