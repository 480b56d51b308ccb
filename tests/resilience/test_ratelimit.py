"""The windows in Redis: sliding, exact, the same for all processes, in one round trip."""

from __future__ import annotations

import pytest

from resilience.ratelimit import PREFIX
from tests.resilience.conftest import at_once, eventually
from tests.resilience.limiting import admitted, knock, policy, process, somebody


@pytest.fixture
def door(doors):
    return doors.open(connections=32, timeout=2, slow_seconds=2)


def test_all_processes_share_one_window(doors):
    rule = policy(6)
    bucket = somebody(rule)
    ours, theirs = process(doors.open()), process(doors.open())
    counts = [admitted(knock(each, rule, bucket, times=4)) for each in (ours, theirs, ours, theirs)]
    assert counts == [4, 2, 0, 0]


def test_a_verdict_says_what_is_left_and_when_there_is_more(door):
    rule = policy(2)
    verdicts = knock(process(door), rule, somebody(rule), times=3)
    told = [(verdict.tightest.most, verdict.tightest.left) for verdict in verdicts]
    assert told == [(2, 1), (2, 0), (2, 0)]
    assert {verdict.tightest.seconds for verdict in verdicts} <= {58, 59, 60}


def test_a_window_slides(door):
    rule = policy(2, seconds=1)
    limiter, bucket = process(door), somebody(rule)
    assert admitted(knock(limiter, rule, bucket, times=3)) == 2
    eventually(lambda: limiter.take(rule, [bucket]).is_admitted)


def test_what_is_refused_does_not_keep_a_window_full(door, server):
    rule = policy(2)
    limiter, bucket = process(door), somebody(rule)
    knock(limiter, rule, bucket, times=9)
    assert server.cli("ZCARD", PREFIX + bucket.key) == 2


def test_a_request_is_counted_in_all_its_windows_or_in_none(door):
    wide, narrow = policy(10), policy(2)
    limiter, network, person = process(door), somebody(wide), somebody(narrow)
    knock(limiter, wide, network, person, times=5)
    assert limiter.take(wide, [network]).tightest.left == 7


def test_two_hundred_requests_at_once_are_as_many_as_the_limit(door):
    rule = policy(20)
    limiter, bucket = process(door), somebody(rule)
    verdicts = at_once(25, lambda: admitted(knock(limiter, rule, bucket, times=8)))
    assert sum(verdicts) == 20


def test_a_windows_key_ends_with_the_window(door, server):
    rule = policy(2)
    bucket = somebody(rule)
    process(door).take(rule, [bucket])
    assert 55_000 < server.cli("PTTL", PREFIX + bucket.key) <= 60_000


def test_a_request_is_one_round_trip_whatever_it_is_counted_in(door):
    rule = policy(4)
    limiter = process(door)
    limiter.take(rule, [somebody(rule)])  # Redis learns the script
    before = door.breaker.successful_calls
    limiter.take(rule, [somebody(rule), somebody(rule)], copies=("a", "b"))
    assert door.breaker.successful_calls == before + 1


def test_copies_come_along_in_the_order_asked(door, server):
    server.cli("SET", "copy:a", '1|{"x":1}')
    server.cli("SET", "copy:c", "2|{}")
    rule = policy(4)
    verdict = process(door).take(rule, [somebody(rule)], copies=("copy:c", "copy:b", "copy:a"))
    assert verdict.copies == [b"2|{}", None, b'1|{"x":1}']
    assert not verdict.is_stranger


def test_who_holds_a_token_of_an_ended_session_counts_as_a_stranger(door, server):
    server.cli("SET", "copy:session", "9007199254740991|")
    rule = policy(2)
    limiter, owner, network = process(door), somebody(rule), somebody(rule)
    verdicts = [
        limiter.take(rule, [owner], strangers=[network], copies=("copy:session", "copy:person"))
        for _ in range(3)
    ]
    assert [verdict.is_admitted for verdict in verdicts] == [True, True, False]
    assert all(verdict.is_stranger for verdict in verdicts)
    assert limiter.take(rule, [owner]).tightest.left == 1


def test_a_script_that_redis_forgot_is_sent_again_and_counts_once(door, server):
    rule = policy(4)
    limiter, bucket = process(door), somebody(rule)
    limiter.take(rule, [bucket])
    server.cli("SCRIPT", "FLUSH")
    assert limiter.take(rule, [bucket]).tightest.left == 2


def test_a_clock_that_was_set_back_refuses_for_one_window_at_most(door, server):
    rule = policy(4, seconds=1)
    limiter, bucket = process(door), somebody(rule)
    seconds, _ = server.cli("TIME")
    in_an_hour = (int(seconds) + 3600) * 1000
    for name in range(4):
        server.cli("ZADD", PREFIX + bucket.key, in_an_hour, f"request {name}")
    verdict = limiter.take(rule, [bucket])
    assert (verdict.is_admitted, verdict.tightest.seconds) == (False, 1)
    eventually(lambda: limiter.take(rule, [bucket]).is_admitted)


def test_keys_name_nobody_and_lie_outside_of_the_cache(door, server):
    rule = policy(4)
    process(door).take(rule, [somebody(rule)])
    [key] = server.cli("KEYS", "*")
    assert key.startswith("plinto.rate:test:")
    assert len(key.rpartition(":")[2]) == 64
