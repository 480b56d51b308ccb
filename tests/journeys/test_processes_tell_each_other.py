"""Two web processes and a worker: what each tells the others, and what an operator tells all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.clients import Caller
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import PlintoServer, WorkerProcess
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("database")]

# A round every five seconds, and the pages look once a second; the rest is for busy machines.
SOON = 30.0
PAGE = "/health/circuit-breaker"
_ORDER = """
INSERT INTO resilience_circuit_order (breaker, act, reason, ordered_by, ordered_at, ends_at)
VALUES ('redis:default', %s, 'drill', 'alice', now(), %s)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def running(postgres: PostgresServer) -> Iterator[tuple[World, WorkerProcess]]:
    with (
        deployed(postgres, RECOVERY_TIMEOUT="1") as world,
        WorkerProcess.start(world.web.environment) as worker,
    ):
        yield world, worker


@pytest.fixture
def worker(running: tuple[World, WorkerProcess]) -> WorkerProcess:
    return running[1]


@pytest.fixture
def world(running: tuple[World, WorkerProcess], postgres: PostgresServer) -> Iterator[World]:
    """The deployment, with everything well and no order standing before and after the test."""
    world, _ = running
    yield world
    postgres.heal()
    world.redis.heal()
    order(world, "reset")


def listed(caller: Caller) -> dict[int, dict[str, Any]]:
    """The processes on the circuit page, by process id."""
    return {one["pid"]: one for one in caller.send("GET", PAGE).body["workers"]}


def everybody(world: World, worker: WorkerProcess) -> set[int]:
    return {*world.web.worker_pids(), worker.pid}


def states(caller: Caller, pids: set[int]) -> set[str]:
    seen = listed(caller)
    return {seen[pid]["state"] if pid in seen else "unlisted" for pid in pids}


def wait_for_all(world: World, worker: WorkerProcess) -> Caller:
    """Return once every process is listed and none still shows what an earlier test did."""
    caller = world.caller(is_kept=False)

    def are_well() -> bool:
        # Each web process remembers its page for a second, and either may answer.
        pids = everybody(world, worker)
        return len(pids) == 3 and all(states(caller, pids) == {"closed"} for _ in range(8))

    eventually(are_well, seconds=SOON)
    return caller


def order(world: World, act: str, *, lasts: float | None = None) -> None:
    ends_at = None if lasts is None else datetime.now(UTC) + timedelta(seconds=lasts)
    world.sql(_ORDER, act, ends_at)


def own_states(world: World) -> set[str]:
    """What the web processes say of themselves, whoever happens to answer."""
    return {answer.body["state"] for answer in world.heard(PAGE)}


def test_every_process_is_listed_and_so_is_the_one_that_replaces_a_killed_one(world, worker):
    caller = wait_for_all(world, worker)
    kinds = {pid: one["kind"] for pid, one in listed(caller).items()}
    assert {kinds[pid] for pid in world.web.worker_pids()} == {"web"}
    assert kinds[worker.pid] == "worker"
    killed = world.web.kill_worker()
    eventually(lambda: killed not in world.web.worker_pids(), seconds=SOON)
    wait_for_all(world, worker)


def test_a_graceful_stop_takes_every_process_off_the_list_at_once(world, worker):
    wait_for_all(world, worker)
    before = everybody(world, worker)
    assert world.web.terminate() == 0
    worker.restart()
    said = "SELECT pid FROM resilience_process WHERE ended_at IS NOT NULL"
    assert before <= {pid for (pid,) in world.sql(said)}
    world.web.launch()


def test_when_redis_dies_every_process_that_needs_it_says_open_and_history_keeps_it(world, worker):
    caller, web = wait_for_all(world, worker), set(world.web.worker_pids())
    ids = {one["id"] for pid, one in listed(caller).items() if pid in web}
    [email] = world.populate(1)
    visitor = world.visitor(email, is_kept=False)
    visitor.sign_in()
    world.redis.kill()

    def are_open() -> bool:
        visitor.me()
        return states(caller, web) <= {"open", "half_open"}

    eventually(are_open, seconds=SOON)
    moves = """SELECT process_id::text FROM resilience_circuit_transition
        WHERE breaker = 'redis:default' AND after = 'open' AND NOT is_forced"""
    eventually(lambda: ids <= {one for (one,) in world.sql(moves)}, seconds=SOON)


def test_an_order_reaches_every_process_and_so_does_its_release(world, worker):
    caller, pids = wait_for_all(world, worker), everybody(world, worker)
    order(world, "force_open")
    eventually(lambda: states(caller, pids) == {"open"}, seconds=SOON)
    order(world, "reset")
    eventually(lambda: states(caller, pids) == {"closed"}, seconds=SOON)


def test_processes_that_start_during_a_rehearsal_adopt_it(world, worker):
    wait_for_all(world, worker)
    order(world, "force_open")
    world.web.terminate()
    world.web.launch()
    eventually(lambda: own_states(world) == {"open"}, seconds=SOON)


def test_a_rehearsal_ends_by_itself_although_postgresql_was_killed_meanwhile(
    world, worker, postgres
):
    caller, pids = wait_for_all(world, worker), everybody(world, worker)
    order(world, "force_open", lasts=15)
    eventually(lambda: states(caller, pids) == {"open"}, seconds=15)
    postgres.kill()
    eventually(lambda: own_states(world) == {"closed"}, seconds=SOON)
    assert world.caller(is_kept=False).send("GET", PAGE).body["workers_known"] is False
    eventually(lambda: "rehearsal.ended" in worker.log(), seconds=SOON)


def test_processes_on_one_sqlite_file_see_each_other_and_lock_nobody_out():
    with (
        PlintoServer.start(WEB_WORKERS="2") as web,
        WorkerProcess.start(web.environment) as worker,
    ):
        caller = Caller(web.port, is_kept=False)
        eventually(lambda: {*web.worker_pids(), worker.pid} == set(listed(caller)), seconds=SOON)
        for log in (web.log(), worker.log()):
            assert "Traceback" not in log
            assert "reporter.database_lost" not in log
