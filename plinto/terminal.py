"""The Resilience page for a terminal: the same overview in aligned lines of 100 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from plinto.templatetags.readings import distance, in_use, percent, rfc3339, spelled
from resilience.backlogs import Backlog
from resilience.circuit import State
from resilience.overview import BreakerSummary, CircuitView, Overview, ProcessView, TransitionView

COLUMNS = 100
_MOST_MOVES = 10


def drawn(overview: Overview) -> str:
    """Write the whole deployment down, from what matters first."""
    lines = [*_summary(overview)]
    lines += _section("BREAKERS", (_breaker(one) for one in overview.breakers))
    lines += _section("PROCESSES", (row for one in overview.processes for row in _process(one)))
    lines += _section("QUEUES", (_queue(one, overview) for one in overview.queues))
    moves = overview.timeline[: -_MOST_MOVES - 1 : -1]
    lines += _section("MOVED IN THE LAST HOUR", (_move(one, overview) for one in moves))
    return "\n".join(_harmless(line)[:COLUMNS].rstrip() for line in lines) + "\n"


def _harmless(line: str) -> str:
    # The reason that one operator typed must not move the cursor of another one's terminal.
    return "".join(one if one.isprintable() else "?" for one in line)


def _summary(overview: Overview) -> Iterator[str]:
    cache, pool = overview.cache, overview.pool
    yield f"Seen {rfc3339(overview.at)}; {len(overview.live)} processes live."
    yield (
        f"Reads {percent(overview.hit_ratio)} found; {cache.fallback_size} in fallbacks, "
        f"{cache.unsettled} keys unsettled."
    )
    yield (
        f"Database connections {in_use(pool)} of {pool.max} in use, {pool.waiting} waiting, "
        f"wait p95 {pool.wait_p95_ms:.1f} ms, {pool.errors} errors."
    )


def _section(title: str, rows: Iterable[Sequence[str]]) -> list[str]:
    found = list(rows)
    if not found:
        return ["", f"{title}: none"]
    widths = [max(len(row[column]) for row in found) for column in range(len(found[0]))]
    aligned = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in found
    ]
    return ["", title, *aligned]


def _breaker(one: BreakerSummary) -> tuple[str, ...]:
    states = f"{one.open} of {one.processes} open"
    if one.half_open:
        states += f", {one.half_open} half-open"
    return one.name, states, _order(one)


def _order(one: BreakerSummary) -> str:
    if one.order is None:
        return "automatic"
    until = f" until {rfc3339(one.order.ends_at)}" if one.order.ends_at else ""
    return f"{one.order.act}{until} by {one.order.ordered_by or 'the system'}"


def _process(one: ProcessView) -> Iterator[tuple[str, ...]]:
    label = f"{one.kind} {one.host}:{one.pid}"
    if not one.is_live:
        yield label, "gone", f"last seen {rfc3339(one.seen_at)}", ""
        return
    pool = f"{in_use(one.pool)}/{one.pool.max} connections"
    yield label, f"since {rfc3339(one.started_at)}", pool, f"{one.cache.unsettled} unsettled"
    for circuit in one.circuits:
        yield f"  {circuit.name}", _state(circuit), f"{circuit.total_calls} calls", _counts(circuit)


def _queue(one: Backlog, overview: Overview) -> tuple[str, ...]:
    waiting = f"{one.due}{' or more' if one.is_more else ''} waiting"
    since = f"since {distance(one.oldest, overview.at)}" if one.oldest else ""
    return one.queue, waiting, since, f"{one.abandoned} given up within a day"


def _state(circuit: CircuitView) -> str:
    words = spelled(circuit.state)
    if circuit.is_forced:
        words += " by order"
    return f"{words} ({circuit.reason})" if circuit.state is not State.CLOSED else words


def _counts(circuit: CircuitView) -> str:
    return f"{circuit.failed_calls} failed, {circuit.rejected_calls} rejected"


def _move(one: TransitionView, overview: Overview) -> tuple[str, ...]:
    path = f"{spelled(one.before)} to {spelled(one.after)}"
    why = f"{one.reason or 'no reason'}{' (by order)' if one.is_forced else ''}"
    return distance(one.occurred_at, overview.at), one.breaker, one.process_label, path, why
