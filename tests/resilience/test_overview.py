from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from resilience import orders, overview
from resilience.circuit import State
from resilience.orders import Act
from tests.resilience.rows import GONE, NOW, circuit, process, transition

pytestmark = pytest.mark.django_db


def look() -> overview.Overview:
    return overview.look(now=NOW)


def test_a_deployment_without_rows_is_an_empty_overview():
    seen = look()
    assert (seen.processes, seen.breakers, seen.timeline) == ([], [], [])
    assert seen.hit_ratio is None


def test_a_process_that_fell_silent_is_gone_and_listed_last():
    process(pid=1, seen=GONE)
    process(pid=2)
    seen = look()
    assert [(one.pid, one.is_live) for one in seen.processes] == [(2, True), (1, False)]
    assert [one.pid for one in seen.live] == [2]


def test_a_process_that_said_goodbye_is_gone_at_once():
    process(ended_at=NOW)
    assert look().live == []


def test_a_process_gone_for_a_day_is_not_shown():
    process(seen=timedelta(days=1))
    assert look().processes == []


def test_breakers_are_counted_over_live_processes():
    process(circuit(state="open", is_forced=True))
    process(circuit(state="open"))
    process(circuit(state="half_open"))
    process(circuit(state="closed"), circuit("smtp"))
    process(circuit(state="open"), seen=GONE)
    redis, smtp = look().breakers
    assert (redis.open, redis.half_open, redis.closed, redis.forced) == (2, 1, 1, 1)
    assert (redis.processes, smtp.name, smtp.processes) == (4, "smtp", 1)


def test_a_standing_order_is_shown_with_its_breaker():
    process(circuit())
    orders.give("redis:default", act=Act.FORCE_OPEN, reason="drill", by="alice", now=NOW)
    (breaker,) = look().breakers
    assert breaker.order is not None
    assert (breaker.order.reason, breaker.order.ordered_by) == ("drill", "alice")


def test_figures_are_added_up_over_live_processes():
    cache = {"copy_hits": 6, "copy_misses": 1, "cache_hits": 1, "cache_misses": 2}
    pool = {"size": 2, "max": 6, "wait_p95_ms": 4.0}
    process(figures={"cache": cache | {"unsettled": 3}, "pool": pool})
    process(figures={"cache": cache, "pool": pool | {"wait_p95_ms": 9.5}})
    process(figures={"cache": cache, "pool": pool}, seen=GONE)
    seen = look()
    assert (seen.cache.copy_hits, seen.cache.unsettled, seen.hit_ratio) == (12, 3, 0.7)
    assert (seen.pool.size, seen.pool.max, seen.pool.wait_p95_ms) == (4, 12, 9.5)


def test_rows_of_another_release_are_read_as_far_as_they_go():
    process(circuit(a_new_figure=1), figures={"cache": {"another": 2}, "pool": {"size": 1}})
    (only,) = look().processes
    assert only.circuits[0].state is State.CLOSED
    assert (only.circuits[0].total_calls, only.cache.cache_hits, only.pool.size) == (0, 0, 1)


def test_the_timeline_is_the_last_hour_oldest_first():
    transition("open", "half_open", ago=timedelta(minutes=2))
    transition("closed", "open", ago=timedelta(minutes=59))
    transition(ago=timedelta(minutes=61))
    assert [(move.before, move.after) for move in look().timeline] == [
        (State.CLOSED, State.OPEN),
        (State.OPEN, State.HALF_OPEN),
    ]


def test_fifty_processes_cost_no_more_statements_than_one(django_assert_num_queries):
    for pid in range(50):
        process(circuit(), circuit("smtp"), pid=pid)
    queues = len(overview.look(now=NOW).queues)
    with django_assert_num_queries(3 + 3 * queues):
        assert len(overview.look(now=NOW).live) == 50


def test_times_are_in_utc():
    process(circuit(last_failure_time=NOW.isoformat()))
    (only,) = look().processes
    assert only.circuits[0].last_failure_time == NOW
    assert timezone.is_aware(only.circuits[0].since)
