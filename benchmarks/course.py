"""
The cells of a run, and their turns: every contender once per round, in turns in which order.

``BENCH_ONLY=me,refresh`` chooses workloads and ``BENCH_PEERS=djoser,fastapi`` who takes part
beside Plinto; ``BENCH_PEERS=none`` leaves Plinto alone.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from benchmarks import bare_hash, workloads
from benchmarks.bare_hash import LIBRARIES
from benchmarks.contenders import (
    BY_DEFAULT,
    PEERS,
    ROOT,
    WORKERS,
    Running,
    installed_megabytes,
    served,
)
from benchmarks.deployment import Plinto, as_by_default, lived_in
from benchmarks.faults import FaultyRedis
from benchmarks.load import asked, press
from benchmarks.measure import Meters, measured
from benchmarks.monitor import sent_commands
from benchmarks.processes import cpu_seconds, memory
from benchmarks.promises import DJOSER, ROTATION, SAME_SERVER
from benchmarks.saml import Provider
from benchmarks.table import Figures
from benchmarks.workloads import CONNECTIONS, CROWD, Cell, Guest
from tests.servers.process import ServerError
from tests.servers.redis import RedisServer

MANY_TOKENS = (5_000, 20_000)
VERIFY = "/api/v1/auth/verify"
_SUMMED = ("errors", "unexpected", "answered")
_ALONE = {DJOSER, SAME_SERVER}
# Long enough to walk all tokens once on a slow machine.
_WARM_SECONDS = 60.0


@dataclass(slots=True)
class Choice:
    """What of it all is to be measured."""

    only: frozenset[str] = frozenset()
    peers: tuple[str, ...] = ()
    rounds: int = 5
    seconds: float = 5.0
    most_tokens: int = MANY_TOKENS[-1]

    def has(self, workload: str) -> bool:
        return not self.only or workload in self.only


@dataclass(slots=True)
class Course:
    """What is measured, in which order, and what was found."""

    meters: Meters
    choice: Choice
    cells: list[Cell] = field(default_factory=list)
    found: dict[str, list[Figures]] = field(default_factory=dict)
    sent: dict[str, float] = field(default_factory=dict)
    starts: list[Figures] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    # Rows of what was measured once, beside the turns.
    apart: list[Figures] = field(default_factory=list)

    def run(self, advance: Callable[[str], None]) -> None:
        """
        Warm every cell once, then give each its turn in every round.

        A cell that cannot be measured is named as missing, and takes no further turns.
        """
        for cell in list(self.cells):
            advance(f"warm-up: {cell.name}")
            self._try(cell, self._warm)
        for number in range(self.choice.rounds):
            for cell in list(self.cells) if number % 2 == 0 else self._turned():
                advance(f"round {number + 1}: {cell.name}")
                self._try(cell, self._turn)
            for which in self._hashes:
                advance(f"round {number + 1}: {which}")
                hashing = bare_hash.measured(which, seconds=self.choice.seconds, processes=WORKERS)
                self.found.setdefault(which, []).append(hashing)

    def _try(self, cell: Cell, take: Callable[[Cell], None]) -> None:
        try:
            take(cell)
        except (ServerError, OSError, ValueError, subprocess.SubprocessError) as error:
            self.cells.remove(cell)
            self.missing.append(f"{cell.name} ({type(error).__name__})")

    def _warm(self, cell: Cell) -> None:
        streams = cell.warm() if cell.warm else cell.streams(1.0)
        tallies = asked(cell.contender.port, streams, _WARM_SECONDS if cell.warm else 1.0)
        if not cell.warm:
            cell.keep(tallies)
        if cell.contender.redis:
            self.sent[cell.name] = self._commands(cell, cell.contender.redis)

    def _turn(self, cell: Cell) -> None:
        seconds = self.choice.seconds
        streams = cell.streams(seconds)
        try:
            if cell.strike:
                cell.strike()
            figures, tallies = measured(self.meters, cell.contender, streams, seconds)
        finally:
            if cell.heal:
                cell.heal()
        cell.keep(tallies)
        self.found.setdefault(cell.name, []).append(figures)

    @property
    def _hashes(self) -> tuple[str, ...]:
        hashes = any(cell.workload in {"login", "register"} for cell in self.cells)
        return tuple(LIBRARIES) if hashes else ()

    def _commands(self, cell: Cell, redis: RedisServer) -> float:
        """Count the Redis commands of one request, over a single connection."""
        streams = [replace(each, connections=1) for each in cell.streams(1.0)]
        with sent_commands(redis) as sent:
            tallies = press(cell.contender.port, streams, 0.5)
        cell.keep(tallies)
        return sent[0] / max(1, sum(each.answered for each in tallies))

    @property
    def turns(self) -> int:
        """How often ``advance`` is called."""
        return len(self.cells) + self.choice.rounds * (len(self.cells) + len(self._hashes))

    def medians(self) -> list[Figures]:
        """Tell each cell once: the median of every figure, and the sum of what went wrong."""
        rows = [
            {
                "workload": cell.workload,
                "contender": cell.contender.key,
                "variant": cell.variant,
                "connections": cell.connections,
                **_median(self.found[cell.name]),
                "sent": self.sent.get(cell.name),
            }
            for cell in self.cells
        ]
        for which in (each for each in LIBRARIES if each in self.found):
            hashing = {"workload": "hash", "contender": which, "variant": ""}
            rows.append({**hashing, "connections": WORKERS, **_median(self.found[which])})
        return [*rows, *self.apart]

    def _turned(self) -> list[Cell]:
        """Give contenders of one workload their turns the other way round."""
        by_workload: dict[str, list[Cell]] = {}
        for cell in self.cells:
            by_workload.setdefault(cell.workload, []).append(cell)
        return [cell for cells in by_workload.values() for cell in reversed(cells)]


def _median(runs: list[Figures]) -> Figures:
    told: Figures = {"runs": runs}
    for name in runs[-1]:
        values = [run[name] for run in runs if isinstance(run.get(name), int | float)]
        if name in _SUMMED:
            told[name] = sum(values)
        elif values:
            told[name] = statistics.median(values)
        else:
            told[name] = runs[-1][name]
    told["cpu_least"], told["cpu_most"] = (f(run["cpu"] for run in runs) for f in (min, max))
    return told


@contextmanager
def laid_out(meters: Meters, choice: Choice) -> Iterator[Course]:
    """Start everybody who takes part, and lay out their cells."""
    course = Course(meters, choice)
    with ExitStack() as running:
        sessions = max(CONNECTIONS, choice.most_tokens if choice.has("me") else 0)
        plinto = running.enter_context(lived_in(meters.postgres, sessions=sessions))
        seconds = plinto.relaunch()
        course.starts.append(_started(plinto.running, seconds, _own_megabytes()))
        guests = [Guest(plinto.running, plinto.tokens)]
        for peer in PEERS:
            if choice.peers and not any(word in peer.key for word in choice.peers):
                continue
            if not peer.is_there():
                course.missing.append(peer.key)
                continue
            contender = running.enter_context(served(peer, meters.postgres))
            course.starts.append(_started(contender, contender.started_in, peer.megabytes()))
            refreshes = choice.has("refresh") and peer.doors.chain is not None
            guests.append(Guest.of(contender, CONNECTIONS if refreshes else 1))
        course.cells = [
            cell for cell in _cells(plinto, guests, choice) if choice.has(cell.workload)
        ]
        if choice.has(BY_DEFAULT):
            course.cells += _by_default(running.enter_context(as_by_default(meters.postgres)))
        if choice.has("Redis"):
            other = running.enter_context(
                lived_in(meters.postgres, sessions=CONNECTIONS, LOG_LEVEL="INFO")
            )
            course.cells += FaultyRedis(other).cells()
        yield course


def _own_megabytes() -> float:
    wanted = (ROOT / "requirements.in").read_text().splitlines()
    return installed_megabytes(sys.executable, *(line for line in wanted if line[:1].isalpha()))


def _started(contender: Running, seconds: float, megabytes: float | None) -> Figures:
    resident = memory(contender.pid)
    return {
        "contender": contender.key,
        "seconds": seconds,
        "cpu": cpu_seconds(contender.pid),
        "rss": sum(resident),
        "rss_worker": resident[0],
        "megabytes": megabytes,
    }


def _cells(plinto: Plinto, guests: list[Guest], choice: Choice) -> Iterator[Cell]:
    ours, peers = guests[0], guests[1:]
    everybody = [each for each in guests if each.running.key != ROTATION]
    yield from (workloads.me(each) for each in everybody)
    for tokens in MANY_TOKENS:
        if tokens <= len(ours.tokens):
            yield workloads.me(ours, tokens=tokens)
    for connections in (1, CROWD):
        for each in everybody:
            if each is ours or each.running.key in _ALONE:
                yield workloads.me(each, connections=connections)
    yield from _of_plinto(plinto, ours, choice)
    yield from (workloads.refreshing(each) for each in guests if _rotates(each))
    yield from (workloads.refreshing_again(each) for each in peers if each.running.key in _ALONE)
    yield from (workloads.signing_in(each, knows_browsers=each is ours) for each in everybody)
    yield from (workloads.signing_up(each) for each in everybody)
    yield from (
        workloads.mixed(each) for each in everybody if each is ours or each.running.key == DJOSER
    )


def _of_plinto(plinto: Plinto, ours: Guest, choice: Choice) -> Iterator[Cell]:
    """What only Plinto has."""
    bearer = ours.tokens[0].headers
    yield from (_verifying(ours, connections) for connections in (CONNECTIONS, 1, CROWD))
    club, key = plinto.founded()
    path = f"/api/v1/organizations/{club}/permissions/check?permission=members:read"
    yield workloads.reading(
        "permission check", ours, {"method": "GET", "path": path, "headers": bearer}
    )
    introspecting = {
        "method": "POST",
        "path": "/api/v1/auth/token/introspect",
        "headers": {"Authorization": f"Bearer {key}"},
        "body": {"token": plinto.access[1]},
    }
    yield workloads.reading("introspect", ours, introspecting)
    if choice.has("SAML"):
        yield Provider(plinto, club).cell()


def _by_default(plinto: Plinto) -> list[Cell]:
    """Ask the same of processes that are not fitted to the machine."""
    guest = Guest(plinto.running, plinto.tokens)
    cells = [workloads.refreshing(guest)]
    for connections in (CONNECTIONS, CROWD):
        cells += [workloads.me(guest, connections=connections), _verifying(guest, connections)]
    return [
        replace(cell, variant=", ".join(filter(None, (cell.variant, BY_DEFAULT)))) for cell in cells
    ]


def _verifying(guest: Guest, connections: int) -> Cell:
    request = {"method": "GET", "path": VERIFY, "headers": guest.tokens[0].headers}
    return workloads.reading("forward auth", guest, request, expects=204, connections=connections)


def _rotates(guest: Guest) -> bool:
    return guest.running.doors.chain is not None and guest.running.key not in _ALONE
