"""What the cache can do beyond Django's own API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience.errors import RedisCommandError, RedisLockError, RedisUnavailableError
from resilience.glob import matcher
from tests.resilience.conftest import at_once, eventually


@pytest.fixture(params=["up", "not configured"])
def cache(request, server, make_cache):
    return make_cache(server.url if request.param == "up" else "")


@pytest.fixture
def shared(server, make_cache):
    return make_cache(server.url)


def test_the_remaining_time_is_told_in_seconds_and_milliseconds(cache):
    cache.set("key", 1, timeout=100)
    assert 90 <= cache.ttl("key") <= 100
    assert 90_000 <= cache.pttl("key") <= 100_000


@pytest.mark.parametrize(
    ("method", "timeout"),
    [
        ("expire", 100),
        ("expire", timedelta(seconds=100)),
        ("pexpire", 100_000),
        ("pexpire", timedelta(seconds=100)),
    ],
)
def test_a_new_end_may_be_given_as_a_number_or_a_duration(cache, method, timeout):
    cache.set("key", 1, timeout=None)
    assert getattr(cache, method)("key", timeout) is True
    assert 90 <= cache.ttl("key") <= 100


def test_a_new_end_may_be_given_as_a_moment(cache):
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    moments = {
        "expire_at": (in_an_hour, in_an_hour.timestamp()),
        "pexpire_at": (in_an_hour, in_an_hour.timestamp() * 1000),
    }
    for method, choices in moments.items():
        for moment in choices:
            cache.set("key", 1, timeout=None)
            assert getattr(cache, method)("key", moment) is True
            assert 3500 <= cache.ttl("key") <= 3600


@pytest.mark.parametrize(
    ("method", "past"), [("expire", -1), ("pexpire", 0), ("expire_at", 1), ("pexpire_at", 1)]
)
def test_an_end_that_has_passed_removes_the_key(cache, method, past):
    cache.set("key", 1)
    assert getattr(cache, method)("key", past) is True
    assert not cache.has_key("key")
    assert getattr(cache, method)("key", past) is False


def test_touching_what_lives_for_ever_is_no_miss(cache):
    cache.set("key", 1, timeout=None)
    assert (cache.touch("key", timeout=None), cache.persist("key")) == (True, False)


def test_the_default_timeout_is_the_default_here_too(cache):
    cache.set("key", 1, timeout=None)
    from_django = cache.expire.__globals__["DEFAULT_TIMEOUT"]
    assert cache.expire("key", from_django) is True
    assert 290 <= cache.ttl("key") <= 300


def test_keys_are_found_by_pattern_in_one_version(cache):
    cache.set_many({"user:1": 1, "user:2": 1, "other": 1})
    cache.set("user:3", 1, version=2)
    assert sorted(cache.keys("user:*")) == ["user:1", "user:2"]
    assert sorted(cache.iter_keys("user:?", itersize=1)) == ["user:1", "user:2"]
    assert cache.keys("user:*", version=2) == ["user:3"]


def test_keys_are_removed_by_pattern(cache):
    cache.set_many({"user:1": 1, "user:2": 1, "other": 1})
    assert cache.delete_pattern("user:*") == 2
    assert cache.delete_pattern("user:*") == 0
    assert cache.keys("*") == ["other"]


def test_a_prefix_is_no_pattern(server, make_cache):
    cache, other = make_cache(server.url, name="a[b]*"), make_cache(server.url, name="ab1")
    for one in (cache, other):
        one.set("key", 1)
    assert cache.keys("*") == ["key"]
    assert cache.delete_pattern("*") == 1
    cache.clear()
    assert other.get("key") == 1


def test_a_key_that_is_not_settled_is_found_where_it_is(shared, server):
    shared.set_many({"a:1": 1, "a:2": 1})
    shared._store.changed([shared.make_key("a:1")], was_sent=True)
    assert shared.keys("a:*") == ["a:2"]
    shared.set("a:1", "here")
    assert sorted(shared.keys("a:*")) == ["a:1", "a:2"]
    assert shared.delete_pattern("a:*") == 2
    assert shared.keys("a:*") == []


_PIECES = st.lists(
    st.sampled_from(["*", "?", "a", "b", "-", "^", "[ab]", "[^a]", "[a-c]", "[", "]", "\\", "\\*"]),
    max_size=6,
)


@settings(deadline=None, max_examples=300)
@given(pattern=_PIECES.map("".join), key=st.text("ab-^*[]\\c", min_size=1, max_size=5))
def test_a_pattern_means_what_redis_means(redis_for_patterns, pattern, key):
    redis_for_patterns("FLUSHALL")
    redis_for_patterns("SET", key, "1")
    assert bool(matcher(pattern).fullmatch(key)) == bool(redis_for_patterns("KEYS", pattern))


@pytest.fixture(scope="module")
def redis_for_patterns(_own_server):
    return _own_server.cli


def test_members_of_sorted_sets_are_json_values(shared):
    shared.zadd("key", {"text": 1.5, 2: 2})
    assert shared.zrange("key", 0, -1, withscores=True) == [("text", 1.5), (2, 2.0)]
    assert (shared.zscore("key", 2), shared.zrank("key", 2), shared.zcount("key", 2, 9)) == (
        2,
        1,
        1,
    )


def test_sorted_sets_raise_our_exceptions_only(shared):
    shared.set("text", "x")
    with pytest.raises(RedisCommandError):
        shared.zadd("text", {"a": 1})
    with pytest.raises(RedisCommandError):
        shared.zadd("key", {"a": 1}, gt=True, nx=True)
    assert shared.is_shared


def test_a_sorted_set_is_not_touched_before_its_delete_has_reached_redis(shared):
    shared.zadd("key", {"a": 1})
    shared._store.changed([shared.make_key("key")], was_sent=True)
    with pytest.raises(RedisUnavailableError):
        shared.zcard("key")
    eventually(lambda: shared.is_shared)
    assert shared.zcard("key") == 0


def test_without_redis_what_only_redis_can_do_says_so(make_cache):
    cache = make_cache("")
    for ask in (
        lambda: cache.zcard("key"),
        lambda: cache.lock("key"),
        lambda: cache.pipeline(),
        lambda: cache.client,
    ):
        with pytest.raises(RedisUnavailableError):
            ask()


def test_the_raw_client_is_guarded(shared):
    client = shared.client.get_client()
    assert client.set(shared.make_key("key"), b"1")
    assert shared.get("key") == 1
    shared._store.door.breaker.force_open()
    with pytest.raises(RedisUnavailableError):
        client.get("key")
    with pytest.raises(RedisUnavailableError):
        client.pipeline().get("key").execute()


def test_clearing_through_the_raw_client_leaves_what_others_keep(shared, server):
    server.cli("SET", "of others", "1")
    shared.set("key", 1)
    shared.client.clear()
    assert (shared.get("key"), server.cli("GET", "of others")) == (None, "1")


def test_one_thread_at_a_time_holds_a_lock(shared):
    inside, most = [], []

    def work():
        with shared.lock("key", sleep=0.005, blocking_timeout=20):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    at_once(6, work)
    assert most == [1] * 6


def test_a_lock_that_is_not_free_in_time_is_refused(shared):
    with (
        shared.lock("key"),
        pytest.raises(RedisLockError),
        shared.lock("key", blocking_timeout=0.01),
    ):
        pytest.fail("Two held it.")


def test_a_lock_that_was_lost_is_not_released_for_its_next_holder(shared, server):
    first, second = shared.lock("key"), shared.lock("key")
    assert first.acquire()
    server.cli("DEL", first.name)
    assert second.acquire()
    with pytest.raises(RedisLockError):
        first.release()
    assert second.owned()


def test_lock_tokens_are_random(shared, server):
    tokens = []
    for _ in range(2):
        with shared.lock("key") as lock:
            tokens.append(server.cli("GET", lock.name))
    assert len(set(tokens)) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in tokens)


def test_a_lock_may_be_prolonged_by_its_holder_alone(shared):
    lock, other = shared.lock("key", timeout=5), shared.lock("key", timeout=5)
    assert lock.acquire()
    assert lock.extend(100)
    assert lock.reacquire()
    with pytest.raises(RedisLockError):
        other.extend(100)


def test_a_lock_ends_by_itself(shared):
    assert shared.lock("key", timeout=0.05).acquire()
    eventually(lambda: shared.lock("key").acquire(blocking=False))


def test_clearing_the_cache_releases_nobodys_lock(shared):
    with shared.lock("key") as lock:
        shared.clear()
        assert lock.owned()


def test_no_lock_is_had_while_redis_is_not_trusted(shared):
    shared._store.door.writes.trip(reason="test")
    with pytest.raises(RedisUnavailableError):
        shared.lock("key")


def test_a_lock_waits_for_its_holder_in_asynchronous_code_too(shared):
    async def walk():
        async with shared.alock("key"):
            with pytest.raises(RedisLockError):
                async with shared.alock("key", blocking_timeout=0.02, sleep=0.01):
                    pytest.fail("Two held it.")
        async with shared.alock("key") as lock:
            return lock.owned()

    assert async_to_sync(walk)() is True
