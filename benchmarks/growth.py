"""
``python -m benchmarks.growth`` (``make bench-growth``): what a thousand times as many people cost.

Two deployments over one PostgreSQL, whose databases ``manage.py seed_load`` fills with
``BENCH_FEW`` (1000) and ``BENCH_MANY`` (1000000) people, three sessions and five rows of the trail
for each. The same requests go to either, turn about, by people drawn by chance; the figures are
medians of the rounds: CPU µs per request of web processes, PostgreSQL and Redis together, and the
time of one request at a time. Maintenance of PostgreSQL (autovacuum) is no part of a request. The
figures go to ``docs/growth.json``, which the page of ``make bench`` shows.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psutil
import psycopg

from benchmarks import application  # noqa: F401 - sets Django up for what the clients import
from benchmarks.table import Column, Figures, table
from tests.journeys.clients import Caller
from tests.servers.plinto import ROOT, PlintoServer
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

FEW = int(os.environ.get("BENCH_FEW", "1000"))
MANY = int(os.environ.get("BENCH_MANY", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
PEOPLE, REQUESTS = 25, 500  # who is drawn in a round, and how often each list is asked for
FIGURES = ROOT / "docs" / "growth.json"
MOST = 1.15  # how much more a request may cost where there is a thousand times as much
_PASSWORD = "a load of people has one password"
_LIMITS = "default=1000000/60s,login=1000000/60s,refresh=1000000/60s"

_DRAWN = """
SELECT u.email FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
  JOIN accounts_role r ON r.id = m.role_id
 WHERE m.organization_id = %s AND r.name = 'admin' ORDER BY m.id DESC LIMIT 1000
"""


@dataclass
class Side:
    """One deployment, its people, and what its requests cost so far."""

    people: int
    postgres: int
    redis: int
    web: PlintoServer
    database: str
    organization: str = ""
    emails: list[str] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def used(self) -> float:
        """CPU seconds of all processes that answer its requests."""
        servers = [self.redis, *(each.pid for each in _with_children(self.web.pid))]
        backends = [
            process
            for process in psutil.Process(self.postgres).children()
            if _is_backend(process, self.database)
        ]
        processes = [*map(psutil.Process, servers), *backends]
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    def measure(self, name: str, requests: list[Callable[[], Any]]) -> list[Any]:
        """Send requests one after the other; keep what each took of CPU and the median time."""
        before, taken, bodies = self.used(), [], []
        for request in requests:
            answer = request()
            if answer.status != 200:
                raise SystemExit(f"{name} was answered {answer.status}: {answer.content[:200]!r}")
            taken.append(answer.seconds)
            bodies.append(answer.body)
        spent = (self.used() - before) / len(requests)
        self.cpu.setdefault(name, []).append(spent * 1e6)
        self.seconds.setdefault(name, []).append(statistics.median(taken))
        return bodies


def measured() -> dict[str, Any]:
    """Seed, deploy, ask, and return the figures of both sizes and their ratios."""
    with ExitStack() as running:
        postgres = running.enter_context(PostgresServer.start())
        sides = [_deployed(running, postgres, people) for people in (FEW, MANY)]
        for number in range(ROUNDS):
            for side in sides if number % 2 else reversed(sides):
                _round(side)
    few, many = sides
    rows = [_figures(name, few, many) for name in few.cpu]
    return {"few": FEW, "many": MANY, "rounds": ROUNDS, "most": MOST, "workloads": rows}


def shown(figures: dict[str, Any]) -> str:
    """Lay the figures out as a table, and say what grew."""
    few, many = f"{figures['few']:,}", f"{figures['many']:,}"
    rows = table(
        figures["workloads"],
        Column("workload", "Request"),
        Column("few_cpu", f"CPU µs, {few} people", "{:,.0f}"),
        Column("many_cpu", f"{many} people", "{:,.0f}"),
        Column("cpu_ratio", "ratio", "{:.2f}"),
        Column("few_p50", f"p50 ms, {few} people", "{:.1f}"),
        Column("many_p50", f"{many} people", "{:.1f}"),
        Column("p50_ratio", "ratio", "{:.2f}"),
    )
    return f"{rows}\n\nAbove {MOST} times: {', '.join(_grown(figures)) or 'nothing'}."


def main() -> int:
    """Write and print the figures; 1 if something costs more than it may."""
    figures = measured()
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    print(shown(figures))
    return 1 if _grown(figures) else 0


def _grown(figures: dict[str, Any]) -> list[str]:
    return [
        row["workload"]
        for row in figures["workloads"]
        if max(row["cpu_ratio"], row["p50_ratio"]) > MOST
    ]


def _deployed(running: ExitStack, postgres: PostgresServer, people: int) -> Side:
    redis = running.enter_context(RedisServer.start())
    database = f"growth_{people}_{uuid4().hex[:8]}"
    url = postgres.create_database(database)
    web = running.enter_context(
        PlintoServer.start(
            DATABASE_URL=url,
            REDIS_URL=redis.url,
            TRUSTED_PROXIES="127.0.0.1",
            WEB_WORKERS="1",
            WEB_THREADS="4",
            RATE_LIMITS=_LIMITS,
        )
    )
    words = ("--people", people, "--sessions", 3 * people, "--trail", 5 * people)
    subprocess.run(
        [sys.executable, "manage.py", "seed_load", *map(str, words), "--password", _PASSWORD],
        cwd=ROOT,
        env=web.environment,
        check=True,
    )
    side = Side(people, postgres.pid, redis.pid, web, database)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        side.organization = str(
            connection.execute("SELECT id FROM accounts_organization ORDER BY id").fetchone()[0]
        )
        drawn = connection.execute(_DRAWN, [side.organization]).fetchall()
    side.emails = [email for (email,) in drawn]
    return side


def _round(side: Side) -> None:
    drawn = random.choices(side.emails, k=PEOPLE)
    caller = Caller(side.web.port, address=f"198.18.{random.randrange(250)}.1")

    def post(path: str, body: Any) -> Callable[[], Any]:
        return lambda: caller.send("POST", f"/api/v1/auth/{path}", body)

    def get(path: str) -> list[Callable[[], Any]]:
        turns = [tokens[number % PEOPLE] for number in range(REQUESTS)]
        return [
            lambda token=token: caller.send("GET", f"/api/v1/{path}", token=token)
            for token in turns
        ]

    logins = [post("login", {"email": email, "password": _PASSWORD}) for email in drawn]
    for login in logins:
        # The first from a new network writes a letter; of a thousand people many were here before.
        login()
    bodies = side.measure("login", logins)
    tokens = [body["access"] for body in bodies]
    held = [body["refresh"] for body in bodies]
    rotating = [_Rotating(caller, each) for each in held]
    side.measure("refresh", [rotating[number % PEOPLE].turn for number in range(REQUESTS)])
    of_club = f"organizations/{side.organization}"
    for name, path in (
        ("me", "me"),
        ("sessions", "sessions"),
        ("members", f"{of_club}/members"),
        ("trail search", f"{of_club}/audit?action=member.joined"),
    ):
        side.measure(name, get(path))


@dataclass
class _Rotating:
    """A client that exchanges its refresh token again and again."""

    caller: Caller
    held: str

    def turn(self) -> Any:
        body = {"refresh": self.held}
        answer = self.caller.send("POST", "/api/v1/auth/token/refresh", body)
        if answer.status == 200:
            self.held = answer.body["refresh"]
        return answer


def _with_children(pid: int) -> Iterator[psutil.Process]:
    process = psutil.Process(pid)
    yield process
    yield from process.children(recursive=True)


def _is_backend(process: psutil.Process, database: str) -> bool:
    try:
        title = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return database in title and "autovacuum" not in title


def _figures(name: str, few: Side, many: Side) -> Figures:
    cpu = [statistics.median(side.cpu[name]) for side in (few, many)]
    p50 = [statistics.median(side.seconds[name]) * 1000 for side in (few, many)]
    return {
        "workload": name,
        "few_cpu": cpu[0],
        "many_cpu": cpu[1],
        "cpu_ratio": cpu[1] / cpu[0],
        "few_p50": p50[0],
        "many_p50": p50[1],
        "p50_ratio": p50[1] / p50[0],
    }


if __name__ == "__main__":
    sys.exit(main())
