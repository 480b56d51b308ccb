"""One cell: so many seconds of a workload on one contender, and what it cost in all processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from benchmarks.contenders import Running
from benchmarks.load import Stream, Tally, asked
from benchmarks.processes import cpu_seconds, memory
from benchmarks.table import Figures
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerError
from tests.servers.redis import RedisServer

# What opens and closes transactions or sets a connection up is counted apart, and what PostgreSQL
# asks by itself, to see that the row is there that a new one refers to, not at all.
_STATEMENTS = """
SELECT coalesce(sum(s.calls) FILTER (WHERE NOT s.query ~* %(framing)s), 0),
       coalesce(sum(s.calls) FILTER (WHERE s.query ~* %(framing)s), 0)
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
 WHERE s.toplevel AND d.datname = %(database)s
   AND s.query !~ '^SELECT (1|[$][0-9]+) FROM ONLY .* FOR KEY SHARE OF x$'
"""
_FRAMING = (
    r"^\s*(begin|start transaction|commit|rollback|savepoint|release|set|show|discard|deallocate)"
)
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
_NOT_ASKED = {"info", "hello", "client|setinfo", "config|get", "ping", "auth", "select", "command"}


class Meters:
    """The PostgreSQL of the run, and what reads its counters."""

    def __init__(self, postgres: PostgresServer) -> None:
        self.postgres = postgres
        self._connection = psycopg.connect(postgres.url, autocommit=True)
        self.counts_statements = True
        try:
            self._connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        except psycopg.Error:
            self.counts_statements = False

    def version(self) -> str:
        row = self._connection.execute("SHOW server_version").fetchone()
        assert row is not None
        return f"PostgreSQL {str(row[0]).split()[0]}"

    def close(self) -> None:
        self._connection.close()

    def statements(self, database: str) -> tuple[float, float] | None:
        """Count the statements that clients of a database ever sent, and those that frame them."""
        if not self.counts_statements:
            return None
        row = self._connection.execute(
            _STATEMENTS, {"framing": _FRAMING, "database": database}
        ).fetchone()
        assert row is not None
        return float(row[0]), float(row[1])

    def connections(self, database: str) -> int:
        row = self._connection.execute(_CONNECTIONS, [database]).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def metered() -> Iterator[Meters]:
    """Start PostgreSQL, with a count of its statements if it brings what counts them."""
    try:
        postgres = PostgresServer.start(shared_preload_libraries="pg_stat_statements")
    except ServerError:
        postgres = PostgresServer.start()
    with postgres:
        meters = Meters(postgres)
        try:
            yield meters
        finally:
            meters.close()


def measured(
    meters: Meters, running: Running, streams: list[Stream], seconds: float
) -> tuple[Figures, list[Tally]]:
    """Press a contender and say what each answered request cost; the tallies are of the streams."""
    redis = running.redis
    before = _counters(meters, running)
    with _watched(meters, running.database) as most:
        tallies = asked(running.port, streams, seconds)
    after = _counters(meters, running)
    answered = max(1, sum(each.answered for each in tallies))
    cpu = {
        name: (after["cpu"][name] - before["cpu"][name]) / answered * 1e6 for name in after["cpu"]
    }
    first = tallies[0]
    resident = memory(running.pid)
    figures: Figures = {
        "cpu": sum(cpu.values()),
        **{f"cpu_{name}": value for name, value in cpu.items()},
        "rate": first.rate,
        "p50": first.p50,
        "p99": first.p99,
        "answered": answered,
        "errors": sum(each.errors for each in tallies),
        "unexpected": sum(each.answered - each.as_expected for each in tallies),
        "rss": sum(resident),
        "rss_worker": resident[0] if resident else None,
        "database_connections": most[0],
        **_per_request(before, after, answered, has_redis=redis is not None),
    }
    return figures, tallies


def _counters(meters: Meters, running: Running) -> dict[str, Any]:
    redis = running.redis
    return {
        "statements": meters.statements(running.database),
        "commands": commands(redis) if redis else {},
        "cpu": {
            "server": cpu_seconds(running.pid),
            "postgres": cpu_seconds(meters.postgres.pid),
            "redis": cpu_seconds(redis.pid) if redis else 0.0,
        },
    }


def _per_request(
    before: dict[str, Any], after: dict[str, Any], answered: int, *, has_redis: bool
) -> Figures:
    found: Figures = {}
    if before["statements"] and after["statements"]:
        spent = zip(before["statements"], after["statements"], strict=True)
        found["statements"], found["framing"] = [(b - a) / answered for a, b in spent]
    if has_redis:
        told = {
            name: (count - before["commands"].get(name, 0)) / answered
            for name, count in after["commands"].items()
        }
        found["redis_commands"] = {name: each for name, each in told.items() if each >= 0.01}
        found["commands"] = sum(told.values())
    return found


def commands(redis: RedisServer) -> dict[str, int]:
    """Count the commands a Redis ever ran, by name; those of scripts are among them."""
    try:
        lines = str(redis.cli("INFO", "commandstats")).splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        name, _, figures = line.removeprefix("cmdstat_").partition(":calls=")
        if figures and name not in _NOT_ASKED:
            found[name] = int(figures.split(",")[0])
    return found


@contextmanager
def _watched(meters: Meters, database: str) -> Iterator[list[int]]:
    """Look every half second how many connections a database has; the list holds the most."""
    most, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            with suppress(psycopg.Error):
                most[0] = max(most[0], meters.connections(database))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        ended.set()
        watching.join()
