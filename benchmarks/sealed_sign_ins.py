"""
``python -m benchmarks.sealed_sign_ins``: sign-ins with the trail sealed beside them, and without.

One deployment, its clients in this process. Rounds go in pairs, in turns which of the two comes
first, so that noise falls on both; what a round without a sealer left is sealed before the next,
off the clock. ``BENCH_SECONDS`` and ``BENCH_ROUNDS`` make a run shorter or longer.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import count
from statistics import median

from tests.factories import PASSWORD
from tests.journeys.clients import Caller
from tests.journeys.world import World, deployed
from tests.servers.plinto import WorkerProcess, manage
from tests.servers.postgres import PostgresServer

CLIENTS = 8
SEALING = ("--queues", "sealing")
_UNSEALED = "SELECT count(*) FROM audit_row WHERE sealed_hash IS NULL"
_SEALED = "SELECT count(*) FROM audit_row WHERE sealed_hash IS NOT NULL"


class Crowd:
    """People who sign in one after the other, each from an address of their own."""

    def __init__(self, world: World, people: int) -> None:
        self._world = world
        self._emails = world.populate(people)
        self._turns = count()
        self._lock = threading.Lock()

    def press(self, seconds: float) -> float:
        """Sign in as fast as it goes, and return how many a second were let in."""
        ends_at = time.monotonic() + seconds
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            done = sum(clients.map(lambda _: self._sign_in_until(ends_at), range(CLIENTS)))
        return done / (time.monotonic() - began)

    def _sign_in_until(self, ends_at: float) -> int:
        caller, done = Caller(self._world.web.port), 0
        while time.monotonic() < ends_at:
            with self._lock:
                turn = next(self._turns)
            caller.address = f"10.{turn >> 16 & 255}.{turn >> 8 & 255}.{turn & 255}"
            body = {"email": self._emails[turn % len(self._emails)], "password": PASSWORD}
            answer = caller.send("POST", "/api/v1/auth/login", body)
            assert answer.status == 200, answer.content
            done += 1
        return done


@contextmanager
def _sealing(world: World) -> Iterator[None]:
    """Seal while the block runs, by a worker that has been up for a moment."""
    worker = WorkerProcess.start(world.web.environment)
    try:
        time.sleep(2)
        yield
    finally:
        worker.stop()


def _seal_the_rest(world: World) -> None:
    manage("run_worker", "--until-idle", *SEALING, environment=world.web.environment)


def main() -> None:
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    rounds = int(os.environ.get("BENCH_ROUNDS", "8"))
    ratios = []
    with PostgresServer.start() as postgres, deployed(postgres) as world:
        crowd = Crowd(world, people=500)
        crowd.press(3)
        for number in range(rounds):
            rates = {}
            for is_sealed in (False, True) if number % 2 else (True, False):
                _seal_the_rest(world)
                with _sealing(world) if is_sealed else nullcontext():
                    rates[is_sealed] = crowd.press(seconds)
                    ((left,),) = world.sql(_UNSEALED)
                assert (left < 100) is is_sealed, left
            ratios.append(rates[True] / rates[False])
            print(
                f"round {number + 1}: {rates[False]:.1f} sign-ins/s alone, "
                f"{rates[True]:.1f} beside sealing, {ratios[-1]:.3f} times",
                flush=True,
            )
        ((sealed,),) = world.sql(_SEALED)
    print(f"median {median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}; {sealed} rows")


if __name__ == "__main__":
    main()
