"""What the cache does when Redis goes and comes back."""

from __future__ import annotations

import threading

import pytest
from django.core.cache import caches

from resilience.errors import RedisCommandError
from tests.resilience.conftest import at_once, eventually
from tests.servers.fault_proxy import FaultProxy


def test_what_was_kept_in_an_outage_is_gone_after_it(server, make_cache):
    cache = make_cache(server.url, RECOVERY_TIMEOUT=0.1)
    server.kill()
    cache.set("key", "of the outage")
    assert cache.get("key") == "of the outage"
    server.restart()
    eventually(lambda: cache.is_shared)
    assert cache.get("key") is None
    assert len(cache._store.fallback) == 0


def test_nothing_of_an_earlier_outage_comes_back_in_a_later_one(server, make_cache):
    cache = make_cache(server.url, RECOVERY_TIMEOUT=0.1)
    for expected in ("first", None):
        server.kill()
        assert cache.get("key") is None
        if expected:
            cache.set("key", expected)
        server.restart()
        eventually(lambda: cache.is_shared)


def test_a_single_lost_answer_leaves_nothing_behind(server, make_cache):
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        cache = make_cache(f"redis://127.0.0.1:{proxy.port}/0", FAILURE_THRESHOLD=5)
        cache.set("other", 1)
        proxy.set("reset")
        cache.set("key", "kept here")
        assert cache.get("key") == "kept here"
        proxy.set("ok")
        assert (cache.get("other"), cache.is_shared) == (1, False)
        eventually(lambda: cache.is_shared)
        assert cache.get("key") is None
        assert len(cache._store.fallback) == 0


def test_a_delete_reaches_the_fallback(server, make_cache):
    cache = make_cache(server.url)
    server.kill()
    cache.set("key", 1)
    cache.delete("key")
    assert cache.get("key") is None


def test_a_full_redis_does_not_show_the_value_before_the_write_it_refused(server, make_cache):
    cache = make_cache(server.url)
    cache.set("key", "old")
    server.cli("CONFIG", "SET", "maxmemory", "1")
    cache.set("key", "new")
    assert cache.get("key") == "new"
    server.cli("CONFIG", "SET", "maxmemory", "0")


def test_clear_leaves_what_other_prefixes_hold(server, make_cache):
    one, other = make_cache(server.url), make_cache(server.url)
    server.cli("SET", f"{one.key_prefix}.copy:session", "1|")
    one.set("key", 1)
    other.set("key", 2)
    one.clear()
    assert (one.get("key"), other.get("key")) == (None, 2)
    assert server.cli("GET", f"{one.key_prefix}.copy:session") == "1|"


def test_garbage_under_a_key_is_a_miss(server, make_cache):
    cache = make_cache(server.url)
    server.cli("SET", cache.make_key("key"), "\x80not json")
    assert cache.get("key", "default") == "default"
    assert cache.get_many(["key"]) == {}


def test_a_set_is_no_value_and_opens_nothing(server, make_cache):
    cache = make_cache(server.url)
    server.cli("SADD", cache.make_key("key"), "member")
    for _ in range(10):
        with pytest.raises(RedisCommandError):
            cache.get("key")
    assert cache.is_shared


def test_the_fallback_holds_a_thousand_entries(make_cache):
    cache = make_cache("")
    for number in range(1200):
        cache.set(str(number), number)
    assert len(cache._store.fallback) == 1000
    assert cache.get("0") is None
    assert cache.get("1199") == 1199


def test_calls_the_fallback_answered_are_counted(make_cache, nowhere):
    cache = make_cache(nowhere)
    cache.set("key", 1)
    cache.get("key")
    cache.get("other")
    store = cache._store
    assert (store.fallback_calls, store.fallback.hits, store.fallback.misses) == (3, 1, 1)
    assert store.door.breaker.rejected_calls == 2


def test_cache_objects_of_all_threads_share_one_store():
    caches["default"].set("seen by all", 1)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(caches["default"].get("seen by all")))
    thread.start()
    thread.join()
    assert seen == [1]


def test_sixteen_threads_work_on_through_a_kill(server, make_cache):
    cache = make_cache(server.url, RECOVERY_TIMEOUT=0.1)

    def work():
        for number in range(100):
            cache.set("key", number)
            assert cache.get("key", 0) in range(100)
        return True

    killer = threading.Timer(0.02, server.kill)
    killer.start()
    assert at_once(16, work) == [True] * 16
    killer.join()
