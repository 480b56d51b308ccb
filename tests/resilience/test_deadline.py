"""One request waits for Redis once, however often it asks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextvars import copy_context

import pytest
from asgiref.sync import sync_to_async

from resilience import deadline
from resilience.errors import RedisUnavailableError
from resilience.redis import door
from tests.resilience.conftest import eventually
from tests.servers.fault_proxy import FaultProxy

TIMEOUT = 0.2
BUDGET = TIMEOUT * deadline.SHARE
# Twenty whole timeouts are four seconds; a busy machine gets half of that.
CALLS, PATIENCE = 20, 2.0


@pytest.fixture
def stalled(doors, server):
    """A door whose breaker does not open, to a Redis that does not answer."""
    door = doors.open(timeout=TIMEOUT, failure_threshold=1000, min_calls=1000)
    server.stall()
    return door


def waits(act: Callable[[], object], *, times: int = CALLS) -> float:
    began = time.monotonic()
    for _ in range(times):
        with pytest.raises(RedisUnavailableError):
            act()
    return time.monotonic() - began


def test_a_request_waits_for_its_budget_and_no_longer(stalled):
    with deadline.budget(BUDGET) as budget:
        assert BUDGET <= waits(lambda: stalled.client.get("key")) < PATIENCE
    assert budget.left <= 0


def test_pipelines_scripts_and_reads_share_the_budget(stalled):
    with deadline.budget(BUDGET):
        waits(lambda: stalled.client.get("key"), times=2)
        assert waits(stalled.client.pipeline().get("key").execute) < PATIENCE
        assert waits(lambda: stalled.client.eval("return 1", 0)) < PATIENCE


def test_only_a_whole_wait_speaks_against_redis(stalled):
    with deadline.budget(BUDGET):
        waits(lambda: stalled.client.get("key"))
    assert stalled.breaker.failed_calls == 1


def test_a_wait_that_was_cut_short_is_trouble_all_the_same(stalled):
    with deadline.budget(TIMEOUT / 4):
        waits(lambda: stalled.client.set("key", 1), times=1)
    assert stalled.breaker.failed_calls == 0
    assert stalled.seconds_since_trouble() < PATIENCE


def test_every_request_has_a_budget_of_its_own(stalled):
    for _ in range(3):
        with deadline.budget(BUDGET):
            waits(lambda: stalled.client.get("key"))
    assert stalled.breaker.failed_calls == 3


def test_outside_of_a_request_every_wait_is_whole(stalled):
    assert waits(lambda: stalled.client.get("key"), times=3) >= 3 * TIMEOUT
    assert stalled.breaker.failed_calls == 3


def test_a_connection_is_as_patient_as_before_after_a_short_wait(doors, server):
    door = doors.open(timeout=5, connections=1, failure_threshold=1000)
    with deadline.budget(0.05):
        assert door.client.ping()
    server.stall()
    timer = threading.Timer(0.2, server.resume)
    timer.start()
    assert door.client.ping()
    timer.join()


def test_connecting_is_part_of_the_budget(doors, server):
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        url = f"redis://user:secret@127.0.0.1:{proxy.port}/3"
        door = doors.open(url, timeout=TIMEOUT, failure_threshold=1000, min_calls=1000)
        proxy.set("blackhole")
        with deadline.budget(BUDGET):
            assert waits(door.client.ping) < PATIENCE


def test_a_thread_that_the_request_starts_shares_its_budget(stalled):
    with deadline.budget(BUDGET) as budget:
        context = copy_context()
        thread = threading.Thread(
            target=context.run, args=(lambda: waits(lambda: stalled.client.get("key")),)
        )
        thread.start()
        thread.join(30)
    assert budget.left <= 0


def test_a_hop_from_async_to_a_thread_keeps_the_budget(stalled):
    async def view() -> float:
        hop = sync_to_async(
            lambda: waits(lambda: stalled.client.get("key")), thread_sensitive=False
        )
        return await hop()

    with deadline.budget(BUDGET) as budget:
        assert asyncio.run(view()) < PATIENCE
    assert budget.left <= 0


def test_answers_that_come_cost_next_to_nothing(doors):
    door = doors.open(timeout=1)
    with deadline.budget(1) as budget:
        for _ in range(10):
            door.client.ping()
    assert 0.0 < budget.left < 1.0


@pytest.mark.django_db
@pytest.mark.urls("tests.resilience.greedy")
def test_a_page_that_asks_forty_times_waits_once(api, redis_server):
    breaker = door().breaker
    breaker.force_closed()
    api.get("/greedy", address="10.80.0.1")  # the URL table is read by whoever asks first
    redis_server.stall()
    began, failed = time.monotonic(), breaker.failed_calls
    answer = api.get("/greedy", address="10.80.0.1")
    seconds = time.monotonic() - began
    redis_server.resume()
    breaker.automatic()
    assert answer.content.decode().count("unknown") == 40
    # Forty whole timeouts are ten seconds.
    assert seconds < 5
    assert breaker.failed_calls - failed == 1


@pytest.mark.django_db
@pytest.mark.urls("tests.resilience.greedy")
def test_a_page_has_no_budget_left_over_from_the_one_before(api, redis_server):
    redis_server.stall()
    api.get("/greedy", address="10.80.0.2")
    redis_server.resume()
    eventually(lambda: redis_server.cli("PING") == "PONG")
    assert deadline.current() is None
