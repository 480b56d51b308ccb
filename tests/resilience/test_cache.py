"""One list of promises, kept with Redis up, refused, stalled, full, and not there at all."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync

from resilience.cache import ResilientCache

VALUES = [
    "text",
    "5",
    "",
    "ünïcödé",
    5,
    -(2**63),
    0,
    1.5,
    5.0,
    True,
    False,
    None,
    [],
    [1, [2, {"a": None}]],
    {"a": {"b": [1, "1", 1.0, True]}},
]
REFUSED = [
    datetime(2026, 1, 1, tzinfo=UTC),
    {1, 2},
    b"bytes",
    Decimal("1.5"),
    2**64,
    {1: "a"},
    object(),
]


@pytest.fixture(params=["up", "refused", "stalled", "full", "not configured"])
def cache(request, server, nowhere, make_cache) -> ResilientCache:
    addresses = {"refused": nowhere, "not configured": ""}
    timeout = 0.05 if request.param == "stalled" else 0.5
    cache = make_cache(addresses.get(request.param, server.url), timeout=timeout)
    if request.param == "stalled":
        server.stall()
    if request.param == "full":
        server.cli("CONFIG", "SET", "maxmemory", "1")
        cache.set("first", 1)  # from here on writes are known to be refused
    return cache


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_with_its_type(cache, value):
    cache.set("key", value)
    found = cache.get("key", "default")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_what_json_would_change_is_refused(cache, value):
    with pytest.raises(TypeError):
        cache.set("key", value)
    with pytest.raises(TypeError):
        cache.add("key", value)
    assert cache.get("key") is None


def test_tuples_and_uuids_come_back_as_lists_and_text(cache):
    cache.set("key", (1, UUID(int=0)))
    assert cache.get("key") == [1, "00000000-0000-0000-0000-000000000000"]


def test_values_are_copies(cache):
    value = {"list": [1]}
    cache.set("key", value)
    value["list"].append(2)
    cache.get("key")["list"].append(3)
    assert cache.get("key") == {"list": [1]}


def test_a_missing_key_gives_the_default(cache):
    assert cache.get("key") is None
    assert cache.get("key", "default") == "default"


def test_a_cached_none_is_a_hit(cache):
    cache.set("key", None)
    assert cache.get("key", "default") is None
    assert cache.get_or_set("key", "default") is None
    assert cache.has_key("key")


def test_a_value_ends_with_its_timeout(cache):
    cache.set("key", 1, timeout=0.03)
    cache.set("other", 1, timeout=None)
    time.sleep(0.05)
    assert cache.get("key") is None
    assert cache.get("other") == 1


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_that_is_over_removes_the_key(cache, timeout):
    cache.set("key", 1)
    cache.set("key", 2, timeout=timeout)
    assert cache.get("key") is None
    assert cache.add("key", 1, timeout=timeout)
    assert not cache.has_key("key")


def test_add_stores_only_what_is_not_there(cache):
    assert cache.add("key", 1) is True
    assert cache.add("key", 2) is False
    assert cache.get("key") == 1


def test_touch_moves_the_end(cache):
    cache.set("key", 1, timeout=0.05)
    assert cache.touch("key", timeout=10) is True
    assert cache.touch("missing", timeout=10) is False
    time.sleep(0.07)
    assert cache.get("key") == 1
    assert cache.touch("key", timeout=0) is True
    assert cache.get("key") is None


def test_delete_tells_whether_there_was_something(cache):
    cache.set("key", 1)
    assert cache.delete("key") is True
    assert cache.delete("key") is False
    assert cache.get("key") is None


def test_many_are_got_set_and_deleted_together(cache):
    assert cache.set_many({"a": 1, "b": None, "c": [1]}) == []
    assert cache.get_many(["a", "b", "c", "d"]) == {"a": 1, "b": None, "c": [1]}
    cache.delete_many(["a", "c"])
    assert cache.get_many(["a", "b", "c"]) == {"b": None}


def test_none_of_many_is_no_trouble(cache):
    assert cache.get_many([]) == {}
    assert cache.set_many({}) == []
    cache.delete_many([])


def test_many_end_together(cache):
    cache.set_many({"a": 1, "b": 2}, timeout=0.03)
    time.sleep(0.05)
    assert cache.get_many(["a", "b"]) == {}


def test_counting(cache):
    cache.set("key", 40)
    assert (cache.incr("key"), cache.incr("key", 4), cache.decr("key", 3)) == (41, 45, 42)
    assert cache.get("key") == 42


def test_counting_keeps_the_end(cache):
    cache.set("key", 1, timeout=0.04)
    cache.incr("key")
    time.sleep(0.06)
    assert cache.get("key") is None


def test_counting_what_is_not_there_is_a_value_error(cache):
    with pytest.raises(ValueError, match="not found"):
        cache.incr("key")
    with pytest.raises(ValueError, match="not found"):
        cache.decr("key")
    assert not cache.has_key("key")


@pytest.mark.parametrize("value", ["5", 1.5, [1], True, 2**63 - 1], ids=repr)
def test_counting_what_is_no_whole_number_is_a_type_error(cache, value):
    cache.set("key", value)
    with pytest.raises(TypeError):
        cache.incr("key")
    assert cache.get("key") == value


def test_get_or_set_makes_the_value_once(cache):
    made = []
    for _ in range(2):
        assert cache.get_or_set("key", lambda: made.append(1) or (1, 2)) == [1, 2]
    assert made == [1]


def test_versions_are_apart_and_a_value_can_move_between_them(cache):
    cache.set("key", "one", timeout=0.05)
    cache.set("key", "two", version=2)
    assert cache.get("key") == "one"
    assert cache.incr_version("key", delta=4) == 5
    assert (cache.get("key"), cache.get("key", version=5)) == (None, "one")
    assert cache.decr_version("key", version=5) == 4
    with pytest.raises(ValueError, match="not found"):
        cache.incr_version("key")
    time.sleep(0.07)
    assert cache.get("key", version=4) is None


def test_clear_removes_everything(cache):
    cache.set_many({str(number): number for number in range(50)})
    cache.clear()
    assert cache.get_many([str(number) for number in range(50)]) == {}


def test_in_and_has_key_agree(cache):
    cache.set("key", False)
    assert "key" in cache
    assert "other" not in cache
    cache.close()
    assert "key" in cache


def test_every_operation_has_its_asynchronous_twin(cache):
    async def walk():
        await cache.aset("a", 1)
        await cache.aset_many({"b": 2})
        await cache.aadd("c", (3,))
        return [
            await cache.aget("a", stale="bounded"),
            await cache.aget_many(["a", "b", "c", "d"]),
            await cache.aincr("a", 9),
            await cache.adecr("a"),
            await cache.atouch("a", 10),
            await cache.ahas_key("a"),
            await cache.aincr_version("a"),
            await cache.aget_or_set("e", lambda: 5),
            await cache.adelete("b"),
            await cache.adelete_many(["c"]),
            await cache.aget_many(["a", "b", "c", "e"]),
            await cache.aclear(),
            await cache.aget("e"),
        ]

    many = {"a": 1, "b": 2, "c": [3]}
    expected = [1, many, 10, 9, True, True, 2, 5, True, None, {"e": 5}, None, None]
    assert async_to_sync(walk)() == expected


def test_stale_never_takes_only_what_redis_itself_says(cache):
    cache.set("key", 1)
    expected = 1 if cache.is_shared else None
    assert cache.get("key", stale="never") == expected
    assert cache.get_many(["key"], stale="never") == ({"key": 1} if expected else {})
    assert cache.has_key("key", stale="never") is bool(expected)
    assert cache.get("key", stale="bounded") == 1
