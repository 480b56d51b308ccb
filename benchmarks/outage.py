"""
One view over several caches, while Redis is well, killed, stalled or a black hole.

Each figure is of processes started for it: the cache is filled, asked a while with Redis well,
then the fault strikes and the clock starts, so the time until a breaker opens is part of it.
"""

from __future__ import annotations

import os
import statistics
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Stream, Tally, asked
from benchmarks.processes import cpu_seconds, end_tree
from benchmarks.table import Column, Figures, table
from benchmarks.view.settings import THREADS
from tests.servers.fault_proxy import FaultProxy
from tests.servers.process import ServerProcess, free_port, temporary_directory
from tests.servers.redis import RedisServer

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 2
CONNECTIONS = 64
_WARM_UP_SECONDS = 2.0

PLINTO, IGNORING, BARE, NONE = (
    "plinto",
    "django-redis, exceptions ignored",
    "django-redis",
    "no cache",
)
STATES = ("healthy", "killed", "stalled", "black hole")
# Without a cache nothing can break, and bare django-redis answers 500 once something does.
CELLS = [
    *((state, cache) for state in STATES for cache in (PLINTO, IGNORING)),
    ("healthy", BARE),
    ("healthy", NONE),
]


@dataclass(frozen=True, slots=True)
class Stage:
    """A Redis to harm, and the proxy in front of it that can become a black hole."""

    redis: RedisServer
    proxy: FaultProxy

    def url(self, state: str) -> str:
        port = self.proxy.port if state == "black hole" else self.redis.port
        return f"redis://127.0.0.1:{port}/0"

    def strike(self, state: str) -> None:
        if state == "killed":
            self.redis.kill()
        elif state == "stalled":
            self.redis.stall()
        elif state == "black hole":
            self.proxy.set("blackhole")

    def heal(self) -> None:
        self.redis.heal()
        self.proxy.set("ok")


@contextmanager
def stage() -> Iterator[Stage]:
    """Start both; they end with the block."""
    with RedisServer.start() as redis, FaultProxy(("127.0.0.1", redis.port)) as proxy:
        yield Stage(redis, proxy)


@contextmanager
def _served(cache: str, redis_url: str) -> Iterator[tuple[int, ServerProcess]]:
    """Serve the view over ``cache``; yields the port and the master process."""
    port, directory = free_port(), temporary_directory("bench")
    gunicorn = [
        *(sys.executable, "-m", "gunicorn", "benchmarks.view.wsgi", "--bind", f"127.0.0.1:{port}"),
        *("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(THREADS)),
        *("--keep-alive", "75", "--no-control-socket", "--log-level", "critical"),
    ]
    server = ServerProcess(
        gunicorn,
        log=directory / "gunicorn.log",
        environment={**os.environ, "BENCH_CACHE": cache, "BENCH_REDIS_URL": redis_url},
        directory=ROOT,
    )
    try:
        server.wait_until(lambda: _answers(port), seconds=20)
        yield port, server
    finally:
        end_tree(server.pid)
        server.stop()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/seed", timeout=5) as answer:
            return int(answer.status) == 204
    except OSError:
        return False


def _press(port: int, seconds: float) -> Tally:
    asking = Stream(CONNECTIONS, [{"method": "GET", "path": "/"}], mark='"found": 3')
    return asked(port, [asking], seconds)[0]


def _run(stage: Stage, state: str, cache: str, *, seconds: float) -> Figures:
    with _served(cache, stage.url(state)) as (port, server):
        _press(port, _WARM_UP_SECONDS)
        before = cpu_seconds(server.pid)
        stage.strike(state)
        try:
            tally = _press(port, seconds)
        finally:
            stage.heal()
        spent = cpu_seconds(server.pid) - before
    return {
        "rate": tally.answered / tally.seconds,
        "p50": tally.p50 if tally.answered else float("inf"),
        "p99": tally.p99 if tally.answered else float("inf"),
        "errors": tally.errors,
        "server_errors": tally.server_errors,
        "cpu": spent / max(1, tally.answered) * 1000,
        "found": tally.marked / max(1, tally.answered),
    }


def measure(
    *, rounds: int, seconds: float, tell: Callable[[str], None]
) -> dict[tuple[str, str], list[Figures]]:
    """Run every cell once per round, in turn; return what each round found."""
    found: dict[tuple[str, str], list[Figures]] = {cell: [] for cell in CELLS}
    with stage() as shared:
        for number in range(rounds):
            for state, cache in CELLS:
                tell(f"round {number + 1} of {rounds}: {state}, {cache}")
                found[state, cache].append(_run(shared, state, cache, seconds=seconds))
    return found


def medians(found: dict[tuple[str, str], list[Figures]]) -> list[Figures]:
    """Take the median of each figure over the rounds, and the sum of the errors."""
    rows = []
    for (state, cache), runs in found.items():
        row: Figures = {"state": state, "cache": cache, "runs": runs}
        for name in ("rate", "p50", "p99", "cpu", "found"):
            row[name] = statistics.median(run[name] for run in runs)
        for name in ("errors", "server_errors"):
            row[name] = sum(run[name] for run in runs)
        rows.append(row)
    return sorted(rows, key=lambda row: STATES.index(row["state"]))


def ratios(rows: list[Figures]) -> list[Figures]:
    """Set Plinto beside django-redis, state by state."""
    by_cell = {(row["state"], row["cache"]): row for row in rows}
    compared = []
    for state in STATES:
        plinto = by_cell[state, PLINTO]
        other = by_cell[state, BARE if state == "healthy" else IGNORING]
        compared.append(
            {
                "state": state,
                "beside": other["cache"],
                "rate": plinto["rate"] / other["rate"] if other["rate"] else float("inf"),
                "cpu": plinto["cpu"] / other["cpu"] if other["cpu"] else None,
                "p99": plinto["p99"],
                "server_errors": plinto["server_errors"],
            }
        )
    return compared


def shown(rows: list[Figures]) -> str:
    return table(
        rows,
        Column("state", "Redis is"),
        Column("cache", "cache"),
        Column("rate", "requests/s", "{:,.1f}"),
        Column("p50", "p50, ms", "{:,.0f}"),
        Column("p99", "p99, ms", "{:,.0f}"),
        Column("cpu", "CPU ms/request", "{:.2f}"),
        Column("server_errors", "5xx", "{}"),
        Column("errors", "unanswered", "{}"),
        Column("found", "answers with all three keys", "{:.0%}"),
    )


def shown_ratios(rows: list[Figures]) -> str:
    return table(
        rows,
        Column("state", "Redis is"),
        Column("beside", "Plinto beside"),
        Column("rate", "requests/s, times", "{:,.2f}"),
        Column("cpu", "CPU/request, times", "{:.2f}"),
        Column("p99", "Plinto's p99, ms", "{:,.0f}"),
        Column("server_errors", "Plinto's 5xx", "{}"),
    )
