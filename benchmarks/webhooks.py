"""
``python -m benchmarks.webhooks``: how fast workers deliver, and what a backlog costs them.

``BENCH_MESSAGES`` (100000) are told to a hundred endpoints at one receiver by ``BENCH_WORKERS`` (2)
workers, from the sealing of the trail to the last answer; then claiming is timed with and without
``BENCH_BACKLOG`` (500000) messages that wait for one more endpoint. ``python -m
benchmarks.webhooks fan-out`` only delivers, and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import django
import psutil

from benchmarks.processes import cpu_seconds
from tests.servers.environment import production_environment
from tests.servers.plinto import ROOT
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerProcess, free_port, temporary_directory

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "100000"))
WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))
BACKLOG = int(os.environ.get("BENCH_BACKLOG", "500000"))
ENDPOINTS = 100
_CLAIMS, _ROUNDS = 100, 3
_MEGABYTE = 1024**2

_MANY = """
INSERT INTO webhooks_delivery (id, endpoint_id, event_id, type, created_at, scheduled_at, due_at,
    tries, attempts, state, last_error)
SELECT gen_random_uuid(), %s, gen_random_uuid(), 'user.created', now(), now(),
    now() - interval '1 hour', 0, 0, 'due', '' FROM generate_series(1, %s)
"""


def main(*, only_delivers: bool) -> None:
    with ExitStack() as running:
        directory = temporary_directory("bench")
        port = free_port()
        postgres = running.enter_context(PostgresServer.from_environment())
        environment = production_environment(
            var_dir=directory,
            DATABASE_URL=postgres.create_database("bench_webhooks"),
            OUTBOUND_ALLOWED=f"127.0.0.1:{port}",
            LOG_LEVEL="WARNING",
            DB_STATEMENT_TIMEOUT="600",
            DJANGO_SETTINGS_MODULE="plinto.settings",
        )
        os.environ.update(environment)
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        receiver = ServerProcess(
            [sys.executable, "-m", "benchmarks.receiver", str(port)],
            log=directory / "receiver.log",
            directory=ROOT,
        )
        running.callback(receiver.stop)
        receiver.wait_until(lambda: _figures(port) is not None, seconds=20)
        _populate(f"http://127.0.0.1:{port}")
        figures = _deliver(port, environment, directory, postgres=postgres)
        if only_delivers:
            print(json.dumps(figures))
            return
        _tell(figures)
        _claim()


def _populate(url: str) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from audit.models import AuditRow  # noqa: PLC0415
    from plinto.kernel.ids import uuid7  # noqa: PLC0415
    from tests.audit.rows import a_row  # noqa: PLC0415
    from tests.webhooks.trail import an_endpoint, an_organization  # noqa: PLC0415

    mine, now = an_organization(), timezone.now()
    for number in range(ENDPOINTS):
        an_endpoint(f"{url}/{number}", organization_id=mine)
    rows = (
        a_row(action="user.created", target_id=str(uuid7()), organization_id=mine, occurred_at=now)
        for _ in range(MESSAGES // ENDPOINTS)
    )
    AuditRow.objects.bulk_create(rows, batch_size=500)


def _deliver(
    port: int, environment: dict[str, str], directory: Path, *, postgres: PostgresServer
) -> dict[str, Any]:
    """Let workers deliver all there is; processor time in microseconds for each message."""
    began = time.monotonic()
    workers = [
        ServerProcess(
            [sys.executable, "manage.py", "run_worker", "--queues", "sealing,fan-out,webhooks"],
            log=directory / f"worker-{number}.log",
            environment=environment,
            directory=ROOT,
        )
        for number in range(WORKERS)
    ]
    pids = [worker.pid for worker in workers]
    processes = [psutil.Process(pid) for pid in pids]
    by_postgres = _cpu_of(postgres)
    memory: list[list[float]] = [[] for _ in workers]
    told = _figures(port) or {}
    while told.get("different", 0) < MESSAGES and time.monotonic() - began < 3600:
        time.sleep(1)
        told = _figures(port) or told
        for found, process in zip(memory, processes, strict=True):
            found.append(process.memory_info().rss / _MEGABYTE)
        if len(memory[0]) % 30 == 0:
            passed = time.monotonic() - began
            print(f"  {told['different']} after {passed:.0f} s", file=sys.stderr, flush=True)
    spent, spent_by_postgres = cpu_seconds(*pids), _cpu_of(postgres)
    for worker in workers:
        worker.stop(seconds=40)
    told = _figures(port) or told
    return {
        **told,
        "rate": told["different"] / max(told["seconds"], 1e-9),
        "cpu_workers": spent / max(told["different"], 1) * 1e6,
        "cpu_postgres": (spent_by_postgres - by_postgres) / max(told["different"], 1) * 1e6,
        "memory": memory,
    }


def _cpu_of(postgres: PostgresServer) -> float:
    return cpu_seconds(postgres.pid) if postgres.is_ours else 0.0


def _tell(told: dict[str, Any]) -> None:
    print(
        f"{told['came']} messages came, {told['different']} different ones, "
        f"{told['came'] - told['different']} twice; {told['seconds']:.0f} s from the first to the "
        f"last, {told['rate']:.0f} a second by {WORKERS} workers, "
        f"{told['cpu_workers'] / 1000:.1f} ms of their CPU each"
    )
    for number, found in enumerate(told["memory"]):
        middle = len(found) // 4
        print(
            f"memory of worker {number}: {found[middle]:.0f} MB after a quarter, "
            f"{found[-1]:.0f} MB at the end, {max(found):.0f} MB at most"
        )


def _claim() -> None:
    from tests.webhooks.trail import an_endpoint, an_organization  # noqa: PLC0415
    from webhooks.models import Endpoint  # noqa: PLC0415

    _run("TRUNCATE webhooks_delivery CASCADE")
    mine = an_organization()
    waiting = [endpoint.pk for endpoint in Endpoint.objects.all()[:ENDPOINTS]]
    heavy = an_endpoint("https://heavy.example/", organization_id=mine)
    alone, beside = [], []
    for _ in range(_ROUNDS):  # in turns, so that noise falls on both alike
        alone += _timed(waiting)
        _run(_MANY, heavy.pk, BACKLOG)
        beside += _timed(waiting)
        _run("DELETE FROM webhooks_delivery WHERE endpoint_id = %s", heavy.pk)
    one, other = statistics.median(alone), statistics.median(beside)
    print(
        f"claiming 16 messages, median of {len(alone)}: {one:.2f} ms alone, {other:.2f} ms beside "
        f"{BACKLOG} of one endpoint, {other / one:.2f} times as long"
    )


def _timed(endpoints: list[UUID]) -> list[float]:
    """Milliseconds that claims take, on tables the planner knows."""
    from django.utils import timezone  # noqa: PLC0415

    from webhooks.models import Delivery  # noqa: PLC0415
    from webhooks.services.due import Round  # noqa: PLC0415
    from webhooks.services.receivers import Receivers  # noqa: PLC0415

    for endpoint in endpoints:
        _run(_MANY, endpoint, 2 * 16 * _CLAIMS // len(endpoints))
    _run("VACUUM ANALYZE webhooks_delivery, webhooks_endpoint")
    turn, took = Round(), []
    for _ in range(_CLAIMS):
        began = time.perf_counter()
        claimed = turn.claim(Receivers(places=16), now=timezone.now())
        took.append((time.perf_counter() - began) * 1000)
        assert len(claimed) == 16
        Delivery.objects.filter(pk__in=[each.pk for each, _, _ in claimed]).update(state="settled")
    return took


def _run(statement: str, *parameters: Any) -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


def _figures(port: int) -> dict[str, Any] | None:
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except OSError:
        return None


if __name__ == "__main__":
    main(only_delivers="fan-out" in sys.argv[1:])
