from __future__ import annotations

import os
import socket

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from health_check.exceptions import ServiceUnavailable

from resilience import contract, health, probes, siblings
from resilience.redis import door
from tests.servers.process import free_port

pytestmark = pytest.mark.django_db

PAGES = ["live", "ready", "redis", "circuit-breaker", "database"]
CIRCUIT = {
    *("state", "failure_count", "total_calls", "successful_calls", "failed_calls"),
    *("rejected_calls", "fallback_calls", "slow_calls", "fallback_hits", "fallback_misses"),
    *("fallback_size", "opened_count", "last_failure_time", "next_probe_in", "generation"),
    *("write_degraded", "unsettled", "hits", "misses", "hit_ratio"),
}
WORKER = {"id", "kind", "pid", "started_at", "seen_at"}
POOL = {"size", "available", "waiting", "max", "wait_p95_ms", "errors"}


@pytest.fixture(autouse=True)
def _look_anew(signing_key):
    forget()
    yield
    forget()


def forget():
    health.forget()
    siblings.rows_look.renew()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_anyone_and_is_never_cached(api, page):
    for prefix in ("", "/api/v1"):
        answer = api.get(f"{prefix}/health/{page}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"


def test_a_healthy_process_is_ready(api):
    assert api.get("/health/ready").json() == {"status": "ok"}


def test_without_its_redis_a_process_is_ready_and_says_what_still_holds(api, redis_server):
    redis_server.kill()
    answer = api.get("/health/ready")
    (missing,) = answer.json()["degraded"]
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert missing["what"] == "redis"
    assert missing["since"].endswith("Z")
    assert missing["guarantees"] == contract.guarantees("redis", "gone")
    assert "A session that was ended is refused at once" in missing["guarantees"]


def test_a_stalled_redis_degrades_too(api, redis_server):
    redis_server.stall()
    answer = api.get("/health/ready").json()
    assert answer["status"] == "degraded"
    assert answer["degraded"][0]["guarantees"] == contract.guarantees("redis", "stalled")


def test_looking_at_a_dead_redis_moves_no_breaker(api, redis_server):
    redis_server.kill()
    for _ in range(10):
        health.forget()
        api.get("/health/ready")
        api.get("/health/redis")
    figures = api.get("/health/circuit-breaker").json()
    assert (figures["state"], figures["failed_calls"]) == (
        "closed",
        door().breaker.failed_calls,
    )
    assert door().breaker.failure_count == 0


def test_since_is_when_the_circuit_opened_and_stays(api, redis_server):
    door().breaker.force_open()
    first = api.get("/health/ready").json()["degraded"]
    health.forget()
    assert api.get("/health/ready").json()["degraded"] == first
    assert api.get("/health/redis").json()["degraded_mode"] is True


def test_the_redis_page_tells_what_is_and_what_the_breaker_thinks(api, redis_server):
    body = api.get("/health/redis").json()
    assert set(body) == {"configured", "redis_available", "degraded_mode", "circuit_breaker"}
    assert (body["redis_available"], body["degraded_mode"]) == (True, False)
    redis_server.kill()
    health.forget()
    body = api.get("/health/redis").json()
    assert (body["redis_available"], body["degraded_mode"]) == (False, True)


def test_the_circuit_page_has_every_figure_for_this_process(api):
    body = api.get("/health/circuit-breaker").json()
    (worker,) = body.pop("workers")
    assert body.pop("workers_known") is True
    assert set(body) == CIRCUIT
    assert set(worker) == CIRCUIT | WORKER
    assert body.items() <= worker.items()
    assert (worker["pid"], worker["kind"]) == (os.getpid(), "web")


def test_an_open_circuit_shows_when_it_is_probed_next(api, redis_server):
    door().breaker.trip(reason="test")
    body = api.get("/health/circuit-breaker").json()
    assert body["state"] == "open"
    assert 0 < body["next_probe_in"] <= 66


def test_a_deployment_without_redis_is_not_degraded(api, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": ""}}
    assert api.get("/health/ready").json() == {"status": "ok"}
    body = api.get("/health/redis").json()
    assert (body["configured"], body["redis_available"], body["degraded_mode"]) == (
        False,
        False,
        False,
    )
    body = api.get("/health/circuit-breaker").json()
    assert set(body) == {*CIRCUIT, "workers", "workers_known"}


def test_the_database_page_shows_the_pool(api):
    body = api.get("/health/database").json()
    assert body["database_available"] is True
    assert set(body["pool"]) == POOL
    (worker,) = body["workers"]
    assert body["pool"].items() <= worker.items()
    assert set(worker) == WORKER | POOL


@pytest.mark.parametrize("page", ["ready", "redis", "circuit-breaker", "database"])
def test_details_need_the_health_token(api, settings, redis_server, page):
    settings.HEALTH_TOKEN = "right-token"
    for token in (None, "wrong-token", "right-toke", "right-token2", ""):
        assert "details" not in api.get(f"/health/{page}", token=token).json()
    assert "details" in api.get(f"/health/{page}", token="right-token").json()


def test_no_token_opens_details_that_no_token_was_set_for(api, settings):
    settings.HEALTH_TOKEN = ""
    for token in (None, "", " "):
        assert "details" not in api.get("/health/redis", token=token).json()


def test_public_pages_name_neither_hosts_nor_errors(api, redis_server):
    redis_server.kill()
    for page in PAGES:
        text = api.get(f"/health/{page}").content.decode()
        assert str(redis_server.port) not in text
        assert "Error" not in text
        assert socket.gethostname() not in text


def on_postgres() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")


@pytest.fixture
def lost_database():
    """New connections are refused; the test keeps the one it has."""
    on_postgres()
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], str(free_port())
    yield
    connection.settings_dict["PORT"] = port


def test_a_lost_database_is_the_one_thing_that_makes_a_process_unready(api, lost_database):
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    [missing] = answer.json()["degraded"]
    assert missing["what"] == "database"
    assert missing["guarantees"] == contract.guarantees("database", "gone")
    assert answer.headers["Retry-After"]
    assert api.get("/health/live").status_code == 200
    assert api.get("/health/database").json()["database_available"] is False


@pytest.fixture
def read_only_database():
    """New connections may read alone; the test keeps the one it has."""
    on_postgres()
    options = connection.settings_dict["OPTIONS"]
    before = options["options"]
    options["options"] = f"{before} -c default_transaction_read_only=on"
    yield
    options["options"] = before


def test_a_database_that_takes_no_writes_makes_a_process_unready(api, read_only_database):
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    [missing] = answer.json()["degraded"]
    assert missing["what"] == "database"
    assert missing["guarantees"] == contract.guarantees("database", "read_only")
    assert answer.headers["Retry-After"]
    assert api.get("/health/live").status_code == 200


def test_what_can_be_read_of_such_a_database_is_shown(api, read_only_database):
    body = api.get("/health/database").json()
    assert (body["database_available"], body["workers_known"]) == (True, True)


@pytest.mark.django_db(transaction=True)
def test_a_missing_migration_makes_a_process_unready():
    probes._migrated.discard("default")
    recorder = MigrationRecorder(connection)
    [newest] = MigrationLoader(connection).graph.leaf_nodes("accounts")
    recorder.record_unapplied(*newest)
    try:
        with pytest.raises(ServiceUnavailable):
            probes.MigrationsApplied().run()
    finally:
        recorder.record_applied(*newest)
    probes.MigrationsApplied().run()


def test_asking_often_looks_once(api, redis_server):
    before = redis_server.cli("INFO", "stats")
    for _ in range(50):
        api.get("/health/ready")
    after = redis_server.cli("INFO", "stats")
    connections = [
        int(text.split("total_connections_received:")[1].split()[0]) for text in (before, after)
    ]
    assert connections[1] - connections[0] <= 5


def test_looking_leaves_no_database_connection_open(api):
    on_postgres()
    with connection.cursor() as cursor:
        counts = []
        for _ in range(5):
            health.forget()
            api.get("/health/ready")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            )
            counts.append(cursor.fetchone()[0])
    assert max(counts) <= counts[0]
