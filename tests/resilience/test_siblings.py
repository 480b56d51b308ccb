from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from resilience import breakers, health, siblings
from resilience.presence import Life
from tests.resilience.rows import GONE, circuit, process
from tests.servers.process import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _look_anew():
    yield
    health.forget()
    siblings.rows_look.renew()


def other(state: str = "open", **columns):
    figures = {"pool": {"size": 3, "max": 6, "wait_p95_ms": 9.0}, "cache": {"cache_hits": 4}}
    now = timezone.now()
    return process(
        circuit(state=state, failed_calls=5),
        circuit("redis:default:writes", "open"),
        now=now,
        figures=figures,
        **columns,
    )


def test_the_circuit_page_lists_every_live_process(api):
    web, worker = other(pid=1), other(pid=2, kind="worker")
    other(pid=3, seen=GONE)
    body = api.get("/health/circuit-breaker").json()
    listed = {one["id"]: one for one in body["workers"]}
    assert body["workers_known"] is True
    assert len(listed) == 3
    assert (listed[str(web.pk)]["kind"], listed[str(worker.pk)]["kind"]) == ("web", "worker")
    assert listed[str(web.pk)]["hits"] == 4


def test_the_breaker_of_another_process_is_shown_as_its_row_says(api, redis_server):
    row = other(pid=1)
    body = api.get("/health/circuit-breaker").json()
    (shown,) = [one for one in body["workers"] if one["id"] == str(row.pk)]
    assert (shown["state"], shown["write_degraded"], shown["failed_calls"]) == ("open", True, 5)
    assert body["state"] == "closed"


def test_the_pool_is_the_sum_over_the_processes(api):
    other(pid=1)
    body = api.get("/health/database").json()
    assert len(body["workers"]) == 2
    for name in ("size", "max", "available", "errors"):
        assert body["pool"][name] == sum(one[name] for one in body["workers"])
    assert body["pool"]["wait_p95_ms"] >= 9.0


def test_hosts_are_told_to_the_holder_of_the_token_alone(api, settings):
    row, settings.HEALTH_TOKEN = other(pid=1), "right-token"
    for page in ("circuit-breaker", "database"):
        assert "node-1" not in api.get(f"/health/{page}").content.decode()
        details = api.get(f"/health/{page}", token="right-token").json()["details"]
        assert details["hosts"][str(row.pk)] == "node-1"


def test_a_crowd_at_the_pages_reads_the_rows_once(api, django_assert_max_num_queries):
    other(pid=1)
    api.get("/health/circuit-breaker")
    with django_assert_max_num_queries(0):
        for _ in range(20):
            api.get("/health/circuit-breaker")


def test_without_the_database_only_the_answering_process_is_listed(api):
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    other(pid=1)
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], str(free_port())
    try:
        for page in ("circuit-breaker", "database"):
            body = api.get(f"/health/{page}").json()
            assert (body["workers_known"], len(body["workers"])) == (False, 1)
    finally:
        connection.settings_dict["PORT"] = port


def test_looking_at_the_pages_moves_no_breaker(api, redis_server):
    api.get("/health/circuit-breaker")
    before = {one.name: (one.standing, one.total_calls) for one in breakers.every()}
    redis_server.kill()
    for page in ("circuit-breaker", "database", "redis"):
        api.get(f"/health/{page}")
    assert {one.name: (one.standing, one.total_calls) for one in breakers.every()} == before


def test_a_process_is_not_listed_twice_beside_its_own_row(api):
    first = api.get("/health/circuit-breaker").json()["workers"][0]
    siblings.rows_look.renew()
    process(id=first["id"], now=timezone.now())
    assert [one["id"] for one in api.get("/health/circuit-breaker").json()["workers"]] == [
        first["id"]
    ]


def test_a_life_is_named_by_kind_host_and_pid():
    assert str(Life(kind="worker", host="node-1", pid=7)) == "worker node-1:7"
