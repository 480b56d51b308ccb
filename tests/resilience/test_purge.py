"""What was changed in an outage is gone from Redis, for every process, before it is believed."""

from __future__ import annotations

import threading

import pytest

from resilience import stores
from resilience.stores import Store
from tests.resilience.conftest import eventually


@pytest.fixture
def behind(proxy, make_cache):
    """Make a cache that reaches the server through the proxy, which may go wrong."""
    return lambda **options: make_cache(f"redis://127.0.0.1:{proxy.port}/0", **options)


def stored(server, cache, key="key"):
    return server.cli("GET", cache.make_key(key))


def open_circuit(cache, proxy, mode="refuse"):
    proxy.set(mode)
    while cache._store.door.is_trusted:
        cache.get("anything")


def test_other_processes_hear_within_a_second_although_this_circuit_stays_open(
    server, behind, proxy
):
    cache = behind(RECOVERY_TIMEOUT=60)
    cache.set("key", "old")
    open_circuit(cache, proxy)
    cache.delete("key")
    assert stored(server, cache) == '"old"'
    proxy.set("ok")
    eventually(lambda: stored(server, cache) is None)
    assert not cache._store.door.is_trusted


def test_redis_is_not_trusted_before_it_has_forgotten_what_was_changed(server, behind, proxy):
    cache = behind(RECOVERY_TIMEOUT=0.05)
    cache.set("key", "old")
    seen = []
    open_circuit(cache, proxy)
    cache.delete("key")
    cache._store.door.breaker.subscribe(
        lambda change: seen.append((change.after.state, stored(server, cache)))
    )
    proxy.set("ok")
    eventually(lambda: "closed" in dict(seen))
    assert dict(seen)["closed"] is None


def test_a_redis_that_does_not_forget_is_not_trusted(server, behind, proxy):
    server.cli("ACL", "SETUSER", "default", "-unlink")
    cache = behind(RECOVERY_TIMEOUT=0.05, LONGEST_RECOVERY=1)
    open_circuit(cache, proxy)
    cache.delete("key")
    proxy.set("ok")
    eventually(lambda: cache._store.door.breaker.standing.reason == "unsettled")
    server.cli("ACL", "SETUSER", "default", "+unlink")
    eventually(lambda: cache._store.door.is_trusted)


def test_a_write_that_timed_out_once_is_purged_without_any_transition(server, behind, proxy):
    cache = behind(timeout=0.1, FAILURE_THRESHOLD=5)
    cache.set("key", "old")
    proxy.set("blackhole")
    cache.set("key", "late")
    assert cache._store.door.is_trusted
    assert cache.get("key") == "late"
    assert cache.get("key", stale="never") is None
    proxy.set("ok")
    eventually(lambda: cache.is_shared)
    assert cache.get("key") is None
    assert stored(server, cache) is None


def test_nothing_fills_over_a_key_that_is_not_settled(server, behind, proxy):
    cache = behind(timeout=0.1, FAILURE_THRESHOLD=5)
    proxy.set("reset")
    cache.delete("key")
    proxy.set("ok")
    cache.set("key", "filled")
    cache.set_many({"key": "filled", "other": 1})
    assert stored(server, cache) is None
    assert cache.get_many(["key", "other"]) == {"key": "filled", "other": 1}
    assert stored(server, cache, "other") == "1"


def test_a_key_that_is_written_all_the_time_is_shared_again_soon(behind, proxy):
    cache = behind(FAILURE_THRESHOLD=5)
    proxy.set("reset")
    cache.set("key", 0)
    proxy.set("ok")
    eventually(lambda: cache.set("key", 1) or cache.is_shared)


def test_writes_that_redis_refuses_are_purged_and_reads_of_other_keys_go_on(server, make_cache):
    cache = make_cache(server.url, FAILURE_THRESHOLD=2, RECOVERY_TIMEOUT=0.1)
    cache.set("key", "old")
    server.cli("CONFIG", "SET", "maxmemory", "1")
    for _ in range(2):
        cache.set("key", "refused")
    assert cache._store.door.breaker.is_closed
    eventually(lambda: stored(server, cache) is None)
    server.cli("CONFIG", "SET", "maxmemory", "0")
    eventually(lambda: cache.is_shared)
    assert cache.get("key") is None


@pytest.mark.parametrize("act", ["clear", "delete_pattern"])
def test_what_names_no_keys_clears_the_cache_after_the_outage(server, behind, proxy, act):
    cache = behind(RECOVERY_TIMEOUT=0.1)
    cache.set_many({str(number): number for number in range(50)})
    server.cli("SET", f"{cache.key_prefix}.copy:session", "1|")
    open_circuit(cache, proxy)
    cache.clear() if act == "clear" else cache.delete_pattern("1*")
    proxy.set("ok")
    eventually(lambda: cache.is_shared)
    assert server.cli("KEYS", f"{cache.key_prefix}*") == [f"{cache.key_prefix}.copy:session"]


def test_more_keys_than_the_journal_holds_clear_the_cache(server, behind, proxy):
    cache = behind(RECOVERY_TIMEOUT=60)
    cache.set("untouched", 1)
    open_circuit(cache, proxy)
    cache.delete_many([str(number) for number in range(10_001)])
    assert cache._store.unsettled == 1
    proxy.set("ok")
    eventually(lambda: stored(server, cache, "untouched") is None)


def test_ten_thousand_keys_are_removed_by_name(server, behind, proxy):
    cache = behind(RECOVERY_TIMEOUT=0.1)
    names = [str(number) for number in range(9_000)]
    cache.set_many(dict.fromkeys(["untouched", *names], 1))
    open_circuit(cache, proxy)
    cache.delete_many(names)
    assert cache._store.unsettled == 9_000
    proxy.set("ok")
    eventually(lambda: len(server.cli("KEYS", f"{cache.key_prefix}:*")) == 1)


def test_a_name_that_redis_cannot_hold_keeps_no_other_from_being_purged(server, behind, proxy):
    cache = behind(RECOVERY_TIMEOUT=0.1)
    cache.set("key", "old")
    open_circuit(cache, proxy)
    cache.delete_many(["\ud800", "key"])
    proxy.set("ok")
    eventually(lambda: cache.is_shared)
    assert stored(server, cache) is None


def test_a_circuit_closed_by_hand_does_not_show_what_was_deleted(server, behind, proxy):
    cache = behind(RECOVERY_TIMEOUT=60)
    cache.set("key", "old")
    open_circuit(cache, proxy)
    cache.delete("key")
    proxy.set("ok")
    cache._store.door.reset()
    assert cache.get("key") is None
    eventually(lambda: cache.is_shared)
    assert cache.get("key") is None


def test_an_unreachable_redis_costs_one_attempt_a_second(behind, proxy):
    cache = behind(RECOVERY_TIMEOUT=60, late=2.0)
    cache.set("key", 1)
    open_circuit(cache, proxy, "reset")
    before = proxy.connections
    for number in range(50):
        cache.delete(str(number))
        threading.Event().wait(0.01)
    assert proxy.connections - before <= 2


def test_the_thread_ends_when_all_is_settled(behind, proxy):
    cache = behind(FAILURE_THRESHOLD=5)
    name = f"redis-{cache._store.door.name}-recovery"
    proxy.set("reset")
    cache.delete("key")
    proxy.set("ok")
    assert name in [thread.name for thread in threading.enumerate()]
    eventually(lambda: name not in [thread.name for thread in threading.enumerate()])
    assert cache._store.unsettled == 0


def test_the_keys_of_a_process_that_died_are_cleared_for_all(redis_server, settings):
    cache = stores.store()
    redis_server.cli("SET", "plinto:1:forgotten", "1")
    redis_server.cli("SET", "plinto.copy:session", "1|")
    assert stores.clear_shared() is True
    assert redis_server.cli("KEYS", "plinto*") == ["plinto.copy:session"]
    cache.door.breaker.trip(reason="test")
    assert stores.clear_shared() is False


def test_without_redis_nothing_is_ever_unsettled():
    store = Store(door=None, prefix="test", entries=10, late=2)
    store.changed(["key"], was_sent=False)
    store.changed_everything()
    assert (store.unsettled, store.is_shared) == (0, False)
