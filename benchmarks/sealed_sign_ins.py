"""
``python -m benchmarks.sealed_sign_ins``: sign-ins with the trail sealed beside them, and without.

One deployment with a worker that sends letters in both, its clients in this process. Rounds go in
pairs, in turns which of the two comes first, so that noise falls on both; what a round without
sealing left is sealed before the next, off the clock. Processor time of web, worker and database
per sign-in is told too: neighbours on the machine change it less than the rate. ``BENCH_SECONDS``
and ``BENCH_ROUNDS`` make a run shorter or longer.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks import application  # noqa: F401 - before what knows models
from benchmarks.processes import cpu_seconds
from tests.factories import PASSWORD
from tests.journeys.clients import Caller
from tests.journeys.world import World, deployed
from tests.servers.plinto import WorkerProcess, manage
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerProcess, temporary_directory

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = 4
BACKLOG = 30_000
_UNSEALED = "SELECT count(*) FROM audit_row WHERE sealed_hash IS NULL"
_SEALED = "SELECT count(*) FROM audit_row WHERE sealed_hash IS NOT NULL"
_MANY = f"""
INSERT INTO audit_row (id, occurred_at, action, outcome, reason, actor_kind, actor_id, target_kind,
                       target_id, organization_id, request_id, personal, changes)
SELECT gen_random_uuid(), now(), 'session.started', 'success', '', 'user', gen_random_uuid(),
       'user', gen_random_uuid(), CASE WHEN mod(n, 6) > 0
       THEN lpad(to_hex(mod(n, 6)), 32, '0')::uuid END, gen_random_uuid(),
       jsonb_build_object('actor', repeat('x', 300)), '{{}}'
  FROM generate_series(1, {BACKLOG}) AS n
"""


class Crowd:
    """People who sign in one after the other, each from an address of their own."""

    def __init__(self, world: World, people: int) -> None:
        self._world = world
        self._emails = world.populate(people)
        self._turns = count()
        self._lock = threading.Lock()

    def press(self, seconds: float) -> tuple[int, float]:
        """Sign in as fast as it goes; return how many were let in, and how many a second."""
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            done = sum(clients.map(lambda _: self._sign_in_until(began + seconds), range(CLIENTS)))
        return done, done / (time.monotonic() - began)

    def _sign_in_until(self, ends_at: float) -> int:
        caller, done = Caller(self._world.web.port), 0
        while time.monotonic() < ends_at:
            with self._lock:
                turn = next(self._turns)
            caller.address = f"10.{turn >> 16 & 255}.{turn >> 8 & 255}.{turn & 255}"
            body = {"email": self._emails[turn % len(self._emails)], "password": PASSWORD}
            answer = caller.send("POST", "/api/v1/auth/login", body)
            # A busy machine may have no room for another hash for a while.
            assert answer.status in {200, 503}, answer.content
            done += answer.status == 200
        return done


@contextmanager
def _working(world: World, *, is_sealed: bool) -> Iterator[int]:
    """Run a worker that has been up for a moment, with or without the queue that seals."""
    queues = ["mail", "sealing"] if is_sealed else ["mail"]
    worker = ServerProcess(
        [sys.executable, "manage.py", "run_worker", "--queues", ",".join(queues)],
        log=temporary_directory("worker") / "worker.log",
        environment=world.web.environment,
        directory=ROOT,
    )
    try:
        time.sleep(5)
        yield worker.pid
    finally:
        worker.stop(signal.SIGTERM)


def _until(world: World, is_it: Callable[[int], bool]) -> tuple[float, int]:
    """Wait for a number of unsealed rows; return when that was, and how many they were."""
    while True:
        ((left,),) = world.sql(_UNSEALED)
        if is_it(left):
            return time.monotonic(), left
        time.sleep(0.05)


def _pace(world: World) -> float:
    """Write many rows at once, of six chains, and return how many one worker seals a second."""
    world.sql(_MANY)
    with WorkerProcess.start(world.web.environment):
        began, first = _until(world, lambda left: left < BACKLOG)
        ended, last = _until(world, lambda left: left == 0)
    return (first - last) / (ended - began)


def _measured(crowd: Crowd, roots: list[int], seconds: float) -> tuple[float, float]:
    """Return sign-ins a second, and milliseconds of processor time for each."""
    before = cpu_seconds(*roots)
    done, rate = crowd.press(seconds)
    return rate, (cpu_seconds(*roots) - before) / done * 1000


def main() -> None:
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    rounds = int(os.environ.get("BENCH_ROUNDS", "8"))
    rates, costs = [], []
    with PostgresServer.start() as postgres, deployed(postgres) as world:
        crowd = Crowd(world, people=500)
        crowd.press(3)
        for number in range(rounds):
            found = {}
            for is_sealed in (False, True) if number % 2 else (True, False):
                manage("run_worker", "--until-idle", environment=world.web.environment)
                ((before,),) = world.sql(_SEALED)
                with _working(world, is_sealed=is_sealed) as worker:
                    roots = [world.web.pid, postgres.pid, worker]
                    found[is_sealed] = _measured(crowd, roots, seconds)
                ((after,),) = world.sql(_SEALED)
                assert (after > before) is is_sealed
            (alone, cheap), (beside, dear) = found[False], found[True]
            rates.append(beside / alone)
            costs.append(dear / cheap)
            print(
                f"round {number + 1}: {alone:.1f} sign-ins/s alone ({cheap:.1f} CPU ms each), "
                f"{beside:.1f} beside sealing ({dear:.1f} CPU ms each)",
                flush=True,
            )
        for name, ratios in (("rate", rates), ("CPU time", costs)):
            low, high = min(ratios), max(ratios)
            print(f"{name} beside sealing: {median(ratios):.3f} times, {low:.3f} to {high:.3f}")
        print(f"a backlog of {BACKLOG} rows: {_pace(world):.0f} sealed and signed a second")


if __name__ == "__main__":
    main()
