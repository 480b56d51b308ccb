from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest
from django.core.cache import caches
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resilience import copies
from resilience.copies import Copies, Copy
from tests.resilience.conftest import at_once, eventually
from tests.servers.fault_proxy import FaultProxy

LONG = timedelta(seconds=10)
SHORT = timedelta(milliseconds=200)


@pytest.fixture
def open_copies(doors):
    # The machines that run this have stopped for seconds.
    def open_(url="", *, longest=LONG, quick=5.0, **options) -> Copies:
        door = doors.open(url, **options)
        return Copies(door, prefix="test.copy:", longest=longest, quick=quick)

    return open_


@pytest.fixture
def held(open_copies) -> Copies:
    return open_copies()


def fill(held: Copies, version: int, key: str = "s", **facts) -> None:
    held.fill(key, version=version, facts=facts, lifetime=LONG)


def test_what_was_filled_is_read_in_the_order_asked(held):
    fill(held, 1, "a", name="Alice")
    fill(held, 7, "b")
    assert held.read("b", "x", "a") == [Copy(7, {}), None, Copy(1, {"name": "Alice"})]


def test_all_keys_are_read_in_one_round_trip(held):
    before = held._door.breaker.successful_calls
    held.read("a", "b", "c")
    assert held._door.breaker.successful_calls == before + 1


@pytest.mark.parametrize("late", [1, 2, 3])
def test_nothing_older_or_equal_replaces_a_copy(held, late):
    fill(held, 3, is_active=False)
    fill(held, late, is_active=True)
    assert held.read("s") == [Copy(3, {"is_active": False})]


def test_a_newer_version_replaces_a_copy(held):
    fill(held, 9, name="old")
    fill(held, 10, name="new")
    assert held.read("s") == [Copy(10, {"name": "new"})]


def test_a_tombstone_takes_the_place_of_the_copy_and_refuses_late_ones(held):
    fill(held, 4)
    held.bury("s", version=5, lifetime=LONG)
    for late in (3, 4, 5):
        fill(held, late)
    assert held.read("s") == [Copy(5, None)]


def test_a_late_tombstone_does_not_bury_a_newer_row(held):
    fill(held, 6, name="new")
    held.bury("s", version=5, lifetime=LONG)
    assert held.read("s") == [Copy(6, {"name": "new"})]


def test_a_tombstone_outlives_every_copy_and_every_slow_request(held, server):
    fill(held, 1)
    held.fill("long", version=1, facts={}, lifetime=timedelta(days=1))
    held.bury("gone", version=1, lifetime=timedelta(seconds=1))
    assert 9_000 < server.cli("PTTL", "test.copy:s") <= 10_000
    assert 9_000 < server.cli("PTTL", "test.copy:long") <= 10_000
    assert server.cli("PTTL", "test.copy:gone") > 69_000


@pytest.mark.parametrize("garbage", ["", "5", "x|{}", "-1|{}", "1|[]", "1|{", "1|5"])
def test_what_cannot_have_been_written_here_is_no_copy(open_copies, server, garbage):
    server.cli("SET", "test.copy:s", garbage)
    assert open_copies().read("s") == [None]


@pytest.mark.parametrize("trouble", ["refused", "stalled", "open", "full"])
def test_trouble_never_raises_and_never_shows_a_copy(open_copies, server, nowhere, trouble):
    held = open_copies(nowhere if trouble == "refused" else "", failure_threshold=1)
    if trouble == "stalled":
        server.stall()
    if trouble == "open":
        held._door.breaker.force_open()
    if trouble == "full":
        fill(held, 1)
        server.cli("CONFIG", "SET", "maxmemory", "1")
    fill(held, 2)
    held.bury("s", version=3, lifetime=LONG)
    assert held.read("s", "t") == [None, None]


def test_after_a_failure_no_copy_is_believed_for_as_long_as_one_lives(open_copies, server):
    held = open_copies(longest=SHORT, failure_threshold=5)
    server.stall()
    assert held.read("s") == [None]
    server.resume()
    fill(held, 1)
    assert held._door.client.get("test.copy:s")
    assert held.read("s") == [None]
    eventually(lambda: fill(held, 1) or held.read("s") == [Copy(1, {})])
    assert held._door.seconds_since_trouble() >= SHORT.total_seconds()


def test_a_copy_written_late_after_a_stall_is_not_believed(open_copies, server):
    held = open_copies(longest=SHORT, failure_threshold=1, recovery_timeout=0.1)
    server.stall()
    fill(held, 1)
    held.bury("s", version=2, lifetime=LONG)
    server.resume()
    eventually(lambda: held._door.is_trusted)
    assert held.read("s") in ([None], [Copy(2, None)])
    eventually(lambda: held.read("s") == [Copy(2, None)])


def test_what_redis_shows_late_is_not_believed(open_copies, server):
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        held = open_copies(f"redis://127.0.0.1:{proxy.port}/0", quick=0.02)
        fill(held, 1)
        eventually(lambda: held.read("s") == [Copy(1, {})])
        proxy.set("latency:0.04")
        assert held.read("s") == [None]
        assert held._door.is_trusted
        proxy.set("ok")
        eventually(lambda: held.read("s") == [Copy(1, {})])


def test_what_ended_long_ago_costs_nobody_a_wait(open_copies, server):
    held = open_copies()
    held._door.breaker.force_open()
    server.stall()
    began = time.monotonic()
    held.bury("s", version=2, lifetime=LONG, is_news=False)
    assert time.monotonic() - began < 0.2


def test_quiet_counts_from_the_end_of_a_stall_and_not_from_its_last_failure(open_copies, server):
    held = open_copies(longest=LONG, failure_threshold=1, recovery_timeout=0.1)
    server.stall()
    fill(held, 1)
    server.resume()
    eventually(lambda: held._door.is_trusted)
    assert held._door.seconds_since_trouble() < 1
    assert held.read("s") == [None]


def test_a_process_that_still_avoids_redis_buries_what_another_one_believes(open_copies):
    ahead, behind = open_copies(), open_copies()
    fill(ahead, 1)
    behind._door.breaker.force_open()
    behind.bury("s", "t", version=2, lifetime=LONG)
    assert ahead.read("s", "t") == [Copy(2, None)] * 2


def test_running_out_of_connections_casts_doubt_on_copies(open_copies):
    held = open_copies(connections=1)
    fill(held, 1)
    lent = held._door.pool.get_connection()
    held.bury("s", version=2, lifetime=LONG)
    held._door.pool.release(lent)
    assert held._door.is_trusted
    assert held.read("s") == [None]


def test_one_lost_connection_does_not_lose_a_tombstone(open_copies, server):
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        held = open_copies(f"redis://127.0.0.1:{proxy.port}/0")
        proxy.set("cut:900")
        for number in range(30):
            held.bury(str(number), version=1, lifetime=LONG)
        assert held._door.breaker.failed_calls > 1
        assert server.cli("DBSIZE") == 30


def test_redis_may_forget_its_scripts(held, server):
    fill(held, 1)
    server.cli("SCRIPT", "FLUSH")
    held.bury("s", version=2, lifetime=LONG)
    assert held.read("s") == [Copy(2, None)]


def test_of_versions_written_at_once_the_newest_stays(open_copies):
    held = open_copies(connections=16)
    versions = random.Random(7).sample(range(1000), 160)
    shares = [versions[start::8] for start in range(8)]
    at_once(8, lambda: [fill(held, version) for version in shares.pop()])
    assert held.read("s")[0].version == max(versions)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.sampled_from(["fill", "bury"]), st.integers(0, 6))))
def test_in_any_order_a_copy_is_never_older_than_what_was_there(held, server, steps):
    newest = buried = -1
    server.cli("DEL", "test.copy:s")
    for act, version in steps:
        if act == "fill":
            fill(held, version)
            newest = max(newest, version)
        else:
            held.bury("s", version=version, lifetime=LONG)
            buried = max(buried, version)
        (copy,) = held.read("s")
        assert copy.version == max(newest, buried)
        assert (copy.facts is None) == (buried >= newest)


def test_the_cache_can_be_cleared_without_losing_a_tombstone(redis_server):
    copies.bury("s", version=1, lifetime=LONG)
    caches["default"].clear()
    assert copies.read("s") == [Copy(1, None)]


def test_without_redis_there_are_no_copies(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": ""}}
    copies.fill("s", version=1, facts={}, lifetime=LONG)
    copies.bury("s", version=1, lifetime=LONG)
    assert copies.read("s", "t") == [None, None]
    assert not copies.is_shared()
