"""
The last hour of every breaker as a drawing: a lane per process, a bar per state.

Colour is not the only sign: the worse a state, the higher its bar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from plinto.templatetags.readings import rfc3339, spelled
from resilience.circuit import State
from resilience.overview import CircuitView, Overview, ProcessView, TransitionView

WINDOW = timedelta(hours=1)
TICK = timedelta(minutes=10)
# More lanes than fit a screen tell less; the ones that moved come first.
MOST_LANES = 40

WIDTH, LABELS, LANE = 1000.0, 250.0, 24.0
_CHARACTERS = 36  # of 11 pixels, which fit beside the lanes
_HEIGHTS = {State.CLOSED: 4.0, State.HALF_OPEN: 10.0, State.OPEN: 16.0}
_NARROWEST = 1.5
# Half of the hour under the last tick stands beyond the lanes.
_MARGIN = 20.0

_Key = tuple[str, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some time of one breaker in one state."""

    state: State
    is_forced: bool
    reason: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One breaker of one process, oldest stretch first."""

    breaker: str
    process: str
    is_live: bool
    stretches: list[Stretch]

    @property
    def is_eventful(self) -> bool:
        return len(self.stretches) > 1 or self.stretches[0].state is not State.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    state: State
    is_forced: bool
    title: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the drawing: the name of a breaker without bars, or one of its processes."""

    text: str
    full: str
    y: float
    is_heading: bool = False
    is_live: bool = True
    bars: tuple[Bar, ...] = ()

    @property
    def middle(self) -> float:
        return self.y + LANE / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What the template draws, in the units of the view box."""

    rows: list[Row]
    ticks: list[tuple[float, str]]
    left_out: int

    width = WIDTH + _MARGIN

    @property
    def bottom(self) -> float:
        return LANE * len(self.rows)

    @property
    def height(self) -> float:
        return self.bottom + LANE


def draw(overview: Overview) -> Drawing:
    """Lay out the hour before ``overview.at``."""
    start, end = overview.at - WINDOW, overview.at
    found = list(lanes(overview))
    found.sort(key=lambda lane: (not lane.is_eventful, lane.breaker, lane.process))
    shown = sorted(found[:MOST_LANES], key=lambda lane: (lane.breaker, lane.process))
    return Drawing(
        rows=list(_rows(shown, start)),
        ticks=list(_ticks(start, end)),
        left_out=len(found) - len(shown),
    )


def lanes(overview: Overview) -> Iterator[Lane]:
    """Find what each breaker of each process was in during the last hour."""
    start = overview.at - WINDOW
    moves: dict[_Key, list[TransitionView]] = defaultdict(list)
    for move in overview.timeline:
        moves[move.breaker, move.process_id].append(move)
    for process in overview.processes:
        for circuit in process.circuits:
            own = moves.pop((circuit.name, process.id), [])
            yield from _lane_of(process, circuit, own, start=start, at=overview.at)
    # What is left belongs to processes that are no longer listed, or to breakers they dropped.
    for (breaker, _), own in moves.items():
        stretches = list(_stretches(own, start=own[0].occurred_at, end=overview.at))
        label = own[0].process_label
        yield Lane(breaker=breaker, process=label, is_live=False, stretches=stretches)


def _lane_of(
    process: ProcessView,
    circuit: CircuitView,
    moves: list[TransitionView],
    *,
    start: datetime,
    at: datetime,
) -> Iterator[Lane]:
    start = max(start, process.started_at)
    end = at if process.is_live else process.seen_at
    still = Stretch(
        state=circuit.state,
        is_forced=circuit.is_forced,
        reason=circuit.reason,
        start=start,
        end=end,
    )
    stretches = list(_stretches(moves, start=start, end=end)) if moves else [still]
    if start < end and stretches:
        yield Lane(
            breaker=circuit.name,
            process=f"{process.kind} {process.host}:{process.pid}",
            is_live=process.is_live,
            stretches=stretches,
        )


def _stretches(moves: list[TransitionView], *, start: datetime, end: datetime) -> Iterator[Stretch]:
    current = Stretch(state=moves[0].before, is_forced=False, reason="", start=start, end=end)
    for move in moves:
        if current.start < move.occurred_at:
            yield replace(current, end=move.occurred_at)
        current = Stretch(
            state=move.after,
            is_forced=move.is_forced,
            reason=move.reason,
            start=max(start, move.occurred_at),
            end=max(end, move.occurred_at),
        )
    yield current


def _rows(shown: Iterable[Lane], start: datetime) -> Iterator[Row]:
    y, heading = 0.0, ""
    for lane in shown:
        if lane.breaker != heading:
            heading = lane.breaker
            yield Row(text=_shortened(heading), full=heading, y=y, is_heading=True)
            y += LANE
        yield Row(
            text=_shortened(lane.process),
            full=lane.process,
            y=y,
            is_live=lane.is_live,
            bars=tuple(_bar(stretch, start=start, y=y) for stretch in lane.stretches),
        )
        y += LANE


def _bar(stretch: Stretch, *, start: datetime, y: float) -> Bar:
    x, height = _x(stretch.start, start), _HEIGHTS[stretch.state]
    words = [
        spelled(stretch.state) + (", forced" if stretch.is_forced else ""),
        f"{rfc3339(stretch.start)} to {rfc3339(stretch.end)}",
        stretch.reason,
    ]
    return Bar(
        state=stretch.state,
        is_forced=stretch.is_forced,
        title=" · ".join(filter(None, words)),
        x=x,
        y=y + (LANE - height) / 2,
        width=round(max(_NARROWEST, _x(stretch.end, start) - x), 2),
        height=height,
    )


def _ticks(start: datetime, end: datetime) -> Iterator[tuple[float, str]]:
    seconds = TICK.total_seconds()
    moment = start + timedelta(seconds=seconds - start.timestamp() % seconds)
    while moment <= end:
        yield _x(moment, start), f"{moment:%H:%M}"
        moment += TICK


def _x(moment: datetime, start: datetime) -> float:
    share = (moment - start) / WINDOW
    return round(LABELS + (WIDTH - LABELS) * min(1.0, max(0.0, share)), 2)


def _shortened(text: str) -> str:
    """Keep both ends: the kind stands at the beginning, the process id at the end."""
    if len(text) <= _CHARACTERS:
        return text
    return f"{text[: _CHARACTERS // 2 - 1]}…{text[-_CHARACTERS // 2 :]}"
