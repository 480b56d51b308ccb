"""Rate limits while Redis is gone, slow or lying: never looser, and never open."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resilience.ratelimit import PREFIX, believe_processes, processes
from tests.races import at_once as at_once_with_database
from tests.resilience.canned import canned
from tests.resilience.conftest import at_once
from tests.resilience.limiting import admitted, knock, policy, process, somebody

pytestmark = pytest.mark.django_db

LIMIT = 12
MODES = pytest.mark.parametrize("in_database", [True, False], ids=["database", "process"])
SEVERAL = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def unsettled():
    """Whatever a test says about the number of processes is forgotten."""
    yield
    believe_processes(0)


@MODES
def test_the_rate_limiter_with_redis_down_denies(doors, nowhere, in_database):
    rule = policy(LIMIT, is_authentication=in_database)
    verdicts = knock(process(doors.open(nowhere)), rule, somebody(rule), times=LIMIT)
    assert admitted(verdicts) == LIMIT // 2
    assert not verdicts[-1].is_admitted
    assert verdicts[-1].tightest.seconds in range(1, 61)


@MODES
def test_the_headers_of_an_outage_show_the_limit_of_the_outage(doors, nowhere, in_database):
    rule = policy(LIMIT, is_authentication=in_database)
    [verdict] = knock(process(doors.open(nowhere), among=2), rule, somebody(rule), times=1)
    assert (verdict.tightest.most, verdict.tightest.left) == (6, 5)


@MODES
def test_without_any_redis_it_is_the_same(in_database):
    rule = policy(LIMIT, is_authentication=in_database)
    assert admitted(knock(process(None), rule, somebody(rule), times=LIMIT)) == LIMIT // 2


@MODES
def test_a_stalled_redis_costs_timeouts_until_the_circuit_opens(doors, server, in_database):
    door = doors.open(timeout=0.05, failure_threshold=2)
    rule = policy(LIMIT, is_authentication=in_database)
    limiter, bucket = process(door), somebody(rule)
    server.stall()
    assert admitted(knock(limiter, rule, bucket, times=LIMIT)) == LIMIT // 2
    assert door.breaker.failed_calls == 2


@pytest.mark.parametrize(
    "reply",
    [
        *(b"+OK\r\n", b":1\r\n", b"$-1\r\n", b"*0\r\n", b"*4\r\n:1\r\n:0\r\n*0\r\n*0\r\n"),
        *(b"*4\r\n:1\r\n:0\r\n*2\r\n$1\r\nx\r\n:1\r\n*0\r\n", b"*4\r\n:7\r\n:0\r\n*0\r\n*0\r\n"),
        *(b"-ERR unknown command\r\n", b"-NOSCRIPT no\r\n", b"-WRONGTYPE no\r\n"),
        *(b"-READONLY no\r\n", b"-OOM no\r\n", b"-NOPERM no\r\n", b"-LOADING no\r\n", b"junk\r\n"),
    ],
)
def test_an_answer_that_is_no_verdict_opens_nothing(doors, reply):
    rule = policy(LIMIT)
    with canned(reply) as url:
        limiter = process(doors.open(url))
        assert admitted(knock(limiter, rule, somebody(rule), times=LIMIT)) == LIMIT // 2


def test_what_stands_in_the_place_of_a_window_opens_nothing(doors, server):
    rule = policy(LIMIT)
    bucket = somebody(rule)
    server.cli("SET", PREFIX + bucket.key, "not a sorted set")
    assert admitted(knock(process(doors.open()), rule, bucket, times=LIMIT)) == LIMIT // 2


def test_a_redis_that_is_full_opens_nothing(doors, server):
    rule = policy(LIMIT)
    server.cli("CONFIG", "SET", "maxmemory", "1")
    # Depending on its version Redis finishes a script that has begun to write, or refuses it.
    assert admitted(knock(process(doors.open()), rule, somebody(rule), times=20)) <= LIMIT


@MODES
def test_who_was_refused_while_redis_was_well_stays_refused_when_it_dies(
    doors, server, in_database
):
    rule = policy(LIMIT, is_authentication=in_database)
    limiter, bucket = process(doors.open()), somebody(rule)
    assert admitted(knock(limiter, rule, bucket, times=LIMIT + 1)) == LIMIT
    server.kill()
    verdicts = knock(limiter, rule, bucket, times=3)
    assert admitted(verdicts) == 0
    assert (verdicts[0].tightest.most, verdicts[0].tightest.left) == (0, 0)
    assert verdicts[0].tightest.seconds > 50


@MODES
def test_what_was_counted_without_redis_counts_when_it_is_back(doors, server, in_database):
    rule = policy(LIMIT, is_authentication=in_database)
    door = doors.open()
    limiter, bucket = process(door), somebody(rule)
    door.breaker.force_open()
    assert admitted(knock(limiter, rule, bucket, times=LIMIT)) == LIMIT // 2
    door.reset()
    assert admitted(knock(limiter, rule, bucket, times=LIMIT)) == LIMIT // 2


@MODES
def test_what_redis_said_is_forgotten_when_its_window_is_over(doors, clock, in_database):
    rule = policy(LIMIT, is_authentication=in_database)
    door = doors.open()
    limiter, bucket = process(door, clock=clock), somebody(rule)
    knock(limiter, rule, bucket, times=LIMIT)
    door.breaker.force_open()
    assert not limiter.take(rule, [bucket]).is_admitted
    clock.advance(60)
    assert limiter.take(rule, [bucket]).is_admitted


def test_no_process_asks_anybody_for_a_policy_that_must_always_answer(doors, server):
    door = doors.open()
    rule = policy(LIMIT, asks_nobody=True)
    assert admitted(knock(process(door), rule, somebody(rule), times=LIMIT)) == LIMIT // 2
    assert (door.breaker.total_calls, server.cli("DBSIZE")) == (0, 0)


def test_a_share_is_of_the_processes_that_live_and_of_those_that_were_asked_for(unsettled):
    asked_for = processes()
    believe_processes(asked_for + 5)
    assert processes() == asked_for + 5
    believe_processes(1)
    assert processes() == asked_for


def test_a_request_that_was_given_back_was_never_counted(nowhere, doors):
    for rule in (policy(2), policy(2, is_authentication=True)):
        limiter, bucket = process(doors.open(nowhere)), somebody(rule)
        assert limiter.take(rule, [bucket]).is_admitted
        limiter.give_back(rule, [bucket])
        assert admitted(knock(limiter, rule, bucket, times=2)) == 1


def test_requests_at_once_in_one_process_are_as_many_as_its_share(doors, nowhere):
    door = doors.open(nowhere)
    door.breaker.force_open()
    rule = policy(40)
    limiter, bucket = process(door), somebody(rule)
    answers = at_once(25, lambda: admitted(knock(limiter, rule, bucket, times=8)))
    assert sum(answers) == 20


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_in_the_database_are_half_of_the_limit():
    rule = policy(40, is_authentication=True)
    ours, theirs, bucket = process(None), process(None), somebody(rule)

    def some(number: int) -> int:
        return admitted(knock((ours, theirs)[number % 2], rule, bucket, times=10))

    assert sum(at_once_with_database(some, times=20)) == 20


@MODES
@SEVERAL
@given(callers=st.lists(st.integers(0, 2), max_size=60))
def test_processes_without_redis_admit_no_more_than_the_limit(in_database, callers):
    rule = policy(LIMIT, is_authentication=in_database)
    group, bucket = [process(None, among=3) for _ in range(3)], somebody(rule)
    assert sum(group[caller].take(rule, [bucket]).is_admitted for caller in callers) <= LIMIT


@MODES
@SEVERAL
@given(before=st.lists(st.integers(0, 2), max_size=20), after=st.lists(st.integers(0, 2)))
def test_a_loss_adds_no_more_than_what_a_process_was_not_told(doors, in_database, before, after):
    rule = policy(LIMIT, is_authentication=in_database)
    door = doors.made[0] if doors.made else doors.open()
    group, bucket = [process(door, among=3) for _ in range(3)], somebody(rule)
    door.reset()
    total, told = 0, [0, 0, 0]
    for caller in before:
        total += group[caller].take(rule, [bucket]).is_admitted
        told[caller] = total
    untold = total - min(told)
    door.breaker.force_open()
    total += sum(group[caller].take(rule, [bucket]).is_admitted for caller in after)
    assert total <= LIMIT + untold


STEPS = st.lists(st.one_of(st.integers(0, 2), st.just("lose"), st.just("find")), max_size=80)


def walk(door, group, rule, steps) -> tuple[int, int]:
    """Send requests of one subject to processes that lose and find Redis; count both."""
    bucket, total, turns = somebody(rule), 0, 0
    door.reset()
    for step in steps:
        if step == "lose":
            turns += door.breaker.is_closed
            door.breaker.force_open()
        elif step == "find":
            turns += not door.breaker.is_closed
            door.reset()
        else:
            total += group[step % len(group)].take(rule, [bucket]).is_admitted
    return total, turns


@MODES
@SEVERAL
@given(steps=STEPS)
def test_a_process_alone_is_never_looser_however_often_redis_goes(doors, in_database, steps):
    rule = policy(LIMIT, is_authentication=in_database)
    door = doors.made[0] if doors.made else doors.open()
    total, _ = walk(door, [process(door, among=1)], rule, steps)
    assert total <= LIMIT


@MODES
@SEVERAL
@given(steps=STEPS)
def test_each_loss_and_each_return_adds_less_than_one_limit(doors, in_database, steps):
    rule = policy(LIMIT, is_authentication=in_database)
    door = doors.made[0] if doors.made else doors.open()
    total, turns = walk(door, [process(door, among=3) for _ in range(3)], rule, steps)
    assert total <= LIMIT + turns * (LIMIT - 1)
