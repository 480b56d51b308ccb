"""
What this process has counted and how it stands, read from the parts that count.

A part joins by a function in ``_sources`` that yields running totals and present values, cheap
enough to be called every two seconds; layers above ``add`` theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

from prometheus_client.utils import floatToGoString

from resilience import breakers, copies, crowd, measures, pool
from resilience.circuit import State
from resilience.measures import Measure
from resilience.stores import store
from resilience.traffic import BOUNDS, Tally, traffic
from resilience.turns import Outcome, turns
from resilience.verdicts import verdicts
from resilience.worker import roster

_WORST = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
_LE = tuple(
    floatToGoString(bound)  # type: ignore[no-untyped-call]
    for bound in (*BOUNDS, float("inf"))
)
# A breaker per endpoint would be series per endpoint; they share one.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Reading(NamedTuple):
    """
    Which figure is meant.

    ``part`` is of a histogram, ``source`` tells figures apart that are summed under the same
    labels.
    """

    measure: Measure
    labels: tuple[str, ...] = ()
    part: str = ""
    source: str = ""


Readings = Iterator[tuple[Reading, float]]


def readings(kind: str) -> Readings:
    """Read every part of a process of this ``kind``, which is empty for one that only looks on."""
    if kind:
        yield Reading(measures.LOCAL_PROCESSES, (kind,)), 1
    yield from chain.from_iterable(source() for source in _sources)


def add(source: Callable[[], Readings]) -> None:
    """Read a part of a layer above from now on; its measures are in ``measures`` as all are."""
    if source not in _sources:
        _sources.append(source)


def seconds_of(measure: Measure, labels: tuple[str, ...], tallies: list[Tally]) -> Readings:
    """Read how long something took, as a histogram over several tallies."""
    yield Reading(measure, labels, "_sum"), sum(tally.seconds for tally in tallies)
    counts = map(sum, zip(*(tally.counts for tally in tallies), strict=True))
    for le, count in zip(_LE, counts, strict=True):
        yield Reading(measure, (*labels, le), "_bucket"), count


def _requests() -> Readings:
    by_route: dict[str, list[Tally]] = {}
    for (method, route, hundreds), tally in traffic.tallies():
        by_route.setdefault(route, []).append(tally)
        labels = (method, route, f"{hundreds}xx")
        yield Reading(measures.HTTP_REQUESTS, labels), sum(tally.counts)
    for route, tallies in by_route.items():
        yield from seconds_of(measures.HTTP_SECONDS, (route,), tallies)


def _limits() -> Readings:
    for (policy, where, is_admitted), count in verdicts.counts():
        verdict = "admitted" if is_admitted else "refused"
        yield Reading(measures.RATE_LIMITED, (policy, where, verdict)), count


def _circuits() -> Readings:
    for breaker in breakers.every():
        name, label = breaker.name, _ID.sub("*", breaker.name)
        standing = breaker.standing.state
        for outcome, calls in (
            ("success", breaker.successful_calls),
            ("failure", breaker.failed_calls),
            ("rejected", breaker.rejected_calls),
        ):
            yield Reading(measures.BREAKER_CALLS, (label, outcome), source=name), calls
        yield Reading(measures.BREAKER_SLOW, (label,), source=name), breaker.slow_calls
        for state in State:
            there = float(state is standing)
            yield Reading(measures.BREAKERS, (label, state.value), source=name), there
        yield Reading(measures.BREAKER_STATE, (label,), source=name), _WORST[standing]
    for (name, before, after), count in breakers.moves.counts():
        labels = (_ID.sub("*", name), before.value, after.value)
        yield Reading(measures.BREAKER_MOVES, labels, source=name), count


def _crowds() -> Readings:
    for many in crowd.every():
        label, counted = f"{many.kind}:*", many.states()
        for state in State:
            yield Reading(measures.BREAKERS, (label, state.value)), counted[state]
        worst = max((_WORST[state] for state in counted), default=0)
        yield Reading(measures.BREAKER_STATE, (label,)), worst


def _cache() -> Readings:
    found = store()
    copy_hits, copy_misses = copies.figures()
    for measure, hits, misses in (
        (measures.CACHE_READS, found.hits, found.misses),
        (measures.COPY_READS, copy_hits, copy_misses),
        (measures.FALLBACK_READS, found.fallback.hits, found.fallback.misses),
    ):
        yield Reading(measure, ("hit",)), hits
        yield Reading(measure, ("miss",)), misses
    yield Reading(measures.FALLBACK_CALLS), found.fallback_calls
    yield Reading(measures.FALLBACK_ENTRIES), len(found.fallback)
    yield Reading(measures.UNSETTLED), found.unsettled


def _database() -> Readings:
    state = pool.state()
    for name, connections in (("open", state.size), ("idle", state.available), ("max", state.max)):
        yield Reading(measures.POOL_CONNECTIONS, (name,)), connections
    yield Reading(measures.POOL_WAITING), state.waiting
    yield Reading(measures.POOL_WAIT), state.wait_p95_ms / 1000
    yield Reading(measures.POOL_ERRORS), state.errors


def _work() -> Readings:
    # Those of a web process stay at zero; what was never counted could not be seen to rise.
    for name in roster.queues:
        for outcome in Outcome:
            tries = turns.count_tries(name, outcome)
            yield Reading(measures.QUEUE_TRIES, (name, outcome.value)), tries
    for name in (*roster.queues, *roster.chores):
        for outcome in (Outcome.DONE, Outcome.FAILED):
            yield Reading(measures.WORKER_TURNS, (name, outcome.value)), turns.count(name, outcome)


_sources: list[Callable[[], Readings]] = [
    _requests,
    _limits,
    _circuits,
    _crowds,
    _cache,
    _database,
    _work,
]
