"""One scrape tells of every process: sums that survive a kill, and gauges that do not."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.journeys.monitoring import Monitoring
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import WorkerProcess
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("metrics")]

TOKEN = "a-token-for-operators"
# A process flushes every two seconds; busy machines are given five times as long.
COUNTED_WITHIN = 10.0
# One second of patience for the database, and half of Redis's budget at most.
ANSWERED_WITHIN = 5.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def _deployment(postgres: PostgresServer) -> Iterator[Monitoring]:
    port = free_port()
    settings = {"METRICS_BIND": f"127.0.0.1:{port}", "HEALTH_TOKEN": TOKEN}
    with deployed(postgres, **settings) as world:
        yield Monitoring(world, port)


@pytest.fixture
def monitoring(_deployment: Monitoring, postgres: PostgresServer) -> Monitoring:
    postgres.heal()
    _deployment.world.redis.heal()
    eventually(lambda: _deployment.processes("web") == 2, seconds=30)
    return _deployment


REFUSED = ("plinto_http_requests_total", "GET", "sessions", "4xx")
TIMED = ("plinto_http_request_seconds_count", "sessions")


def ask_for_sessions(world: World, times: int) -> None:
    caller = world.caller(is_kept=False)
    for _ in range(times):
        assert caller.send("GET", "/api/v1/sessions").status == 401


def test_requests_to_all_processes_are_counted_once_each(monitoring, figure):
    before = monitoring.figures()
    ask_for_sessions(monitoring.world, 60)
    expected = before.get(REFUSED, 0) + 60
    eventually(lambda: monitoring.count(*REFUSED) >= expected, seconds=COUNTED_WITHIN)
    after = monitoring.figures()
    assert (after[REFUSED], after[TIMED]) == (expected, expected)
    figure(f"a scrape over two processes: {monitoring.ask('/metrics').seconds * 1000:.0f} ms")


def kill_one(monitoring: Monitoring) -> None:
    web = monitoring.world.web
    victim = web.kill_worker()
    eventually(lambda: victim not in web.worker_pids(), seconds=10)
    eventually(lambda: monitoring.processes("web") == 2, seconds=30)


def test_what_a_killed_process_had_counted_stays_and_its_gauges_go(monitoring):
    ask_for_sessions(monitoring.world, 30)
    eventually(lambda: monitoring.count(*REFUSED) >= 30, seconds=COUNTED_WITHIN)
    counted = monitoring.count(*REFUSED)
    for _ in range(3):
        kill_one(monitoring)
        assert monitoring.count(*REFUSED) >= counted
    files = os.listdir(f"{monitoring.world.web.environment['VAR_DIR']}/metrics")
    assert len([name for name in files if name.startswith("counter_")]) <= 3


def test_a_worker_counts_too_and_is_gone_when_it_is_killed(monitoring):
    with WorkerProcess.start(monitoring.world.web.environment) as worker:
        eventually(lambda: monitoring.processes("worker") == 1, seconds=30)
        worker.kill()
        eventually(lambda: monitoring.processes("worker") == 0, seconds=10)


def test_a_restart_of_the_web_beside_a_worker_loses_no_count(monitoring):
    with WorkerProcess.start(monitoring.world.web.environment):
        eventually(lambda: monitoring.processes("worker") == 1, seconds=30)
        before = monitoring.count(*REFUSED)
        ask_for_sessions(monitoring.world, 20)
        monitoring.world.web.terminate()
        monitoring.world.web.launch()
        eventually(lambda: monitoring.processes("web") == 2, seconds=30)
        assert monitoring.processes("worker") == 1
        assert monitoring.count(*REFUSED) >= before + 20


def looks(monitoring: Monitoring) -> set[tuple[float, float]]:
    """What each process found when it looked, as (ready, rows read)."""
    found = []
    for pid in monitoring.world.web.worker_pids():
        with monitoring.world.web.only(pid):
            found.append(monitoring.figures())
    return {(each["plinto_ready",], each["plinto_rows_read",]) for each in found}


@pytest.mark.parametrize("end", ["killed", "stalled"])
def test_metrics_are_answered_without_redis_and_without_the_database(monitoring, postgres, end):
    redis = monitoring.world.redis
    for server in (redis, postgres):
        server.kill() if end == "killed" else server.stall()
    ask_for_sessions(monitoring.world, 4)
    answers = [monitoring.ask("/metrics") for _ in range(4)]
    assert {answer.status for answer in answers} == {200}
    assert max(answer.seconds for answer in answers) < ANSWERED_WITHIN
    eventually(lambda: looks(monitoring) == {(0, 0)}, seconds=30)
    assert monitoring.processes("web") == 2
    postgres.heal()
    redis.heal()
    eventually(lambda: looks(monitoring) == {(1, 1)}, seconds=30)


def test_the_private_address_serves_operators_and_nobody_else(monitoring):
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert monitoring.ask(path).status == 200
    for path in ("/api/v1/sessions", "/admin/login/", "/static/x.css", "/.well-known/jwks.json"):
        answer = monitoring.ask(path)
        assert (answer.status, answer.body["error"]) == (404, "NOT_FOUND")
        assert answer.body["request_id"] == answer.headers["X-Request-ID"]


def test_no_header_makes_a_request_private(monitoring):
    private = f"127.0.0.1:{monitoring.port}"
    public = monitoring.world.caller(is_kept=False)
    for headers in (
        {"Host": private},
        {"X-Forwarded-Host": private, "X-Forwarded-Port": str(monitoring.port)},
        {"Forwarded": f"host={private}", "X-Forwarded-Server": private},
        {"Server-Port": str(monitoring.port), "Plinto.Is-Private": "True"},
    ):
        answer = public.send("GET", "/metrics", headers=headers)
        assert (answer.status, answer.body["error"]) == (401, "AUTHENTICATION_ERROR")
    target = f"http://{private}/metrics"
    assert public.send("GET", target).status in {400, 401, 404}
    assert public.send("GET", "/metrics", token=TOKEN).status == 200


def test_a_forged_host_at_the_private_address_changes_nothing(monitoring):
    answer = monitoring.ask("/metrics", Host="id.example.com")
    assert answer.status == 200
