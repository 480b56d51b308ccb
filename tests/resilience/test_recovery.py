from __future__ import annotations

import threading

import pytest

from resilience.breaker import Breaker
from resilience.circuit import Policy, State
from resilience.errors import RedisUnavailableError
from resilience.recovery import Recovery
from tests.resilience.canned import canned
from tests.resilience.conftest import eventually

QUICK = Policy(recovery_timeout=0.02, probe_timeout=0.02)


def lose(door) -> None:
    for _ in range(5):
        with pytest.raises(RedisUnavailableError):
            door.client.get("key")


def test_redis_is_used_again_soon_after_it_comes_back(doors, server):
    door = doors.open(recovery_timeout=0.1)
    server.kill()
    lose(door)
    server.restart()
    eventually(lambda: door.is_trusted)
    assert door.client.set("key", "value")


def test_a_stalled_redis_stays_open_until_it_goes_on(doors, server):
    door = doors.open(recovery_timeout=0.1, longest_recovery=1)
    states = []
    door.breaker.subscribe(lambda change: states.append(change.after.state))
    server.stall()
    lose(door)
    eventually(lambda: states.count(State.OPEN) >= 2)
    assert State.CLOSED not in states
    server.resume()
    eventually(lambda: door.breaker.is_closed)


def test_a_door_that_was_closed_at_boot_opens_when_redis_appears(doors, server):
    server.kill()
    door = doors.open(recovery_timeout=0.1)
    lose(door)
    server.restart()
    eventually(lambda: door.is_trusted)


def test_requests_never_probe_while_the_thread_lives(doors, server):
    door = doors.open(recovery_timeout=0.05, longest_recovery=1)
    server.stall()
    lose(door)
    waits = []
    for _ in range(200):
        began = door.breaker.clock()
        door.is_up()
        waits.append(door.breaker.clock() - began)
    assert max(waits) < 0.05


def test_a_redis_that_answers_reads_with_lies_is_not_trusted(doors):
    with canned(b"+PONG\r\n+OK\r\n$4\r\nelse\r\n") as url:
        verdict = doors.open(url).look()
    assert verdict.reason == "canary"


def test_a_redis_that_refuses_writes_is_read_again_and_not_written(doors, server):
    door = doors.open(recovery_timeout=0.1)
    server.kill()
    lose(door)
    server.restart()
    server.cli("CONFIG", "SET", "maxmemory", "1")
    eventually(lambda: door.breaker.is_closed)
    assert not door.writes.is_closed
    server.cli("CONFIG", "SET", "maxmemory", "0")
    eventually(lambda: door.is_trusted)


def test_the_thread_ends_when_all_is_well_and_comes_back_when_needed(doors, server):
    door = doors.open(recovery_timeout=0.05)
    name = f"redis-{door.name}-recovery"
    for _ in range(2):
        door.breaker.trip(reason="test")
        assert name in [thread.name for thread in threading.enumerate()]
        eventually(lambda: name not in [thread.name for thread in threading.enumerate()])
        assert door.is_trusted


def test_the_caller_probes_when_no_thread_can_be_had():
    breaker = Breaker("test", policy=QUICK)

    def no_thread(**_):
        raise RuntimeError("can't start new thread")

    recovery = Recovery(
        name="test",
        breakers=(breaker,),
        probe=lambda breaker, permit: breaker.succeeded(permit),
        spawn=no_thread,
    )
    breaker.trip(reason="test")
    eventually(lambda: recovery.nudge() or breaker.is_closed)


def test_a_breaker_held_open_by_hand_is_not_probed(doors, server):
    door = doors.open(recovery_timeout=0.01)
    door.breaker.force_open()
    threading.Event().wait(0.2)
    assert door.breaker.successful_calls == 0
    door.breaker.automatic()
    eventually(lambda: door.is_trusted)
