"""
The failures that this layer was built against, one by one, under their own names.

Each is told in more detail elsewhere; this file is for whoever asks whether it is tested at all.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap

import pytest

from resilience.breaker import Breaker
from resilience.circuit import Policy, State
from resilience.errors import RedisCommandError, RedisUnavailableError
from resilience.recovery import Recovery
from tests.resilience.canned import canned
from tests.resilience.conftest import at_once, eventually
from tests.servers.redis import RedisServer


def opened(clock) -> Breaker:
    breaker = Breaker("test", clock=clock, random=lambda: 0.5)
    for _ in range(5):
        breaker.failed(breaker.admit(), reason="refused")
    return breaker


def fails(call, *arguments) -> None:
    with pytest.raises(RedisUnavailableError):
        call(*arguments)


def trips(door, *, reason: str) -> None:
    """Five reads find out, and a sixth is not even tried."""
    for _ in range(6):
        fails(door.client.get, "key")
    assert door.breaker.standing.state is State.OPEN
    assert door.breaker.standing.reason == reason
    assert (door.breaker.failed_calls, door.breaker.rejected_calls) == (5, 1)


def values_until_shared(cache) -> set[object]:
    """Read the key again and again until Redis is trusted with all keys; return what was seen."""
    seen = set()
    eventually(lambda: seen.add(cache.get("key")) or cache.is_shared)
    return seen | {cache.get("key")}


@pytest.fixture
def cache(proxy, make_cache):
    """A cache whose circuit opens at the third failure and recovers soon."""
    url = f"redis://127.0.0.1:{proxy.port}/0"
    return make_cache(url, timeout=0.1, FAILURE_THRESHOLD=3, RECOVERY_TIMEOUT=0.1)


def test_16_threads_one_probe(clock):
    for _ in range(20):
        breaker = opened(clock)
        clock.advance(70)
        probes = [probe for probe in at_once(16, breaker.take_probe) if probe is not None]
        assert len(probes) == 1


def test_a_late_success_after_a_transition_changes_nothing(clock):
    breaker = Breaker("test", clock=clock)
    late = breaker.admit()
    for _ in range(5):
        breaker.failed(breaker.admit(), reason="refused")
    breaker.succeeded(late)
    assert breaker.standing.state is State.OPEN


def test_late_failures_after_a_transition_change_nothing(clock):
    breaker = Breaker("test", clock=clock, random=lambda: 0.5)
    late = breaker.admit()
    for _ in range(5):
        breaker.failed(breaker.admit(), reason="refused")
    clock.advance(60)
    before = breaker.standing
    at_once(16, lambda: breaker.failed(late, reason="late"))
    assert breaker.standing is before
    for _ in range(3):
        breaker.succeeded(breaker.take_probe())
    at_once(16, lambda: breaker.failed(late, reason="late"))
    assert (breaker.is_closed, breaker.failure_count) == (True, 0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_probe_thread_killed_does_not_lock_redis_out():
    breaker = Breaker("test", policy=Policy(recovery_timeout=0.02, probe_timeout=0.02))
    attempts = []

    def probe(breaker, permit):
        attempts.append(permit)
        if len(attempts) == 1:
            raise SystemExit
        breaker.succeeded(permit)

    recovery = Recovery(name="test", breakers=(breaker,), probe=probe)
    breaker.trip(reason="test")
    recovery.nudge()
    eventually(lambda: len(attempts) == 1)
    eventually(lambda: recovery.nudge() or breaker.is_closed)


def test_a_fork_in_open_starts_closed_and_unlocked():
    script = """
        import os
        from resilience.breaker import Breaker
        breaker = Breaker("test")
        breaker.force_open()
        breaker._lock.acquire()
        child = os.fork()
        if child == 0:
            breaker.succeeded(breaker.admit())
            breaker.failed(breaker.admit(), reason="refused")
            os._exit(0 if breaker.is_closed and breaker.failed_calls == 1 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not breaker.is_closed
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=30)


def test_sigstop_opens_the_circuit(doors, server):
    door = doors.open(timeout=0.05)
    server.stall()
    trips(door, reason="TimeoutError")


def test_refused_opens_the_circuit(doors, nowhere):
    trips(doors.open(nowhere), reason="ConnectionError")


def test_a_black_hole_opens_the_circuit(doors, proxy):
    door = doors.open(f"redis://127.0.0.1:{proxy.port}/0", timeout=0.05)
    proxy.set("blackhole")
    trips(door, reason="TimeoutError")


def test_loading_opens_the_circuit(doors):
    with canned(b"-LOADING Redis is loading the dataset in memory\r\n") as url:
        trips(doors.open(url), reason="BusyLoadingError")


def test_readonly_opens_the_circuit_for_reads_too(doors, server):
    door = doors.open(recovery_timeout=0.1)
    server.cli("REPLICAOF", "127.0.0.1", "1")
    for _ in range(5):
        fails(door.client.set, "key", "value")
    assert door.breaker.standing.reason == "readonly"
    fails(door.client.get, "key")
    server.cli("REPLICAOF", "NO", "ONE")
    eventually(lambda: door.is_trusted)


def test_oom_opens_the_circuit_for_writes_and_reads_go_on(doors, server):
    door = doors.open()
    door.client.set("key", "value")
    server.cli("CONFIG", "SET", "maxmemory", "1")
    for _ in range(5):
        fails(door.client.set, "key", "value")
    server.cli("CONFIG", "SET", "maxmemory", "0")
    assert door.client.get("key") == b"value"
    assert (door.breaker.is_closed, door.writes.is_closed) == (True, False)
    assert door.writes.standing.reason == "OutOfMemoryError"
    fails(door.client.set, "key", "value")


def test_noauth_opens_the_circuit_with_a_reason_of_its_own(doors):
    with RedisServer.start(None, "--requirepass", "secret") as locked:
        trips(doors.open(locked.url), reason="denied")


def test_wrongtype_must_not_trip(doors, server):
    door = doors.open()
    server.cli("SADD", "key", "member")
    for _ in range(30):
        with pytest.raises(RedisCommandError):
            door.client.get("key")
    assert door.is_trusted
    assert door.breaker.failed_calls == 0


def test_a_pool_exhausted_must_not_trip(doors):
    door = doors.open(connections=2)
    lent = [door.pool.get_connection() for _ in range(2)]
    for _ in range(30):
        fails(door.client.get, "key")
    for connection in lent:
        door.pool.release(connection)
    assert door.is_trusted
    assert door.client.set("key", "value")


@pytest.mark.parametrize("use", ["pipeline", "lua"])
def test_pipeline_and_lua_are_covered(doors, nowhere, use):
    door = doors.open(nowhere)
    for _ in range(6):
        if use == "lua":
            fails(door.client.eval, "return 1", 0)
        else:
            fails(door.client.pipeline().set("a", "b").get("a").execute)
    assert (door.breaker.failed_calls, door.breaker.rejected_calls) == (5, 1)


@pytest.mark.parametrize("mode", ["refuse", "blackhole", "reset"])
def test_a_delete_in_the_outage_does_not_come_back(server, proxy, cache, mode):
    cache.set("key", "deleted", timeout=None)
    proxy.set(mode)
    while cache._store.door.is_trusted:
        cache.get("other")
    cache.delete("key")
    proxy.set("ok")
    assert values_until_shared(cache) == {None}
    assert server.cli("GET", cache.make_key("key")) is None


@pytest.mark.parametrize("late", ["blackhole", "blackhole:0.1"])
def test_a_timed_out_set_does_not_come_back(server, proxy, cache, late):
    cache.get("open a connection")
    proxy.set(late)
    cache.set("key", "timed out")
    assert cache._store.door.is_trusted
    cache.delete("key")
    proxy.set("ok")
    assert values_until_shared(cache) == {None}
    assert server.cli("GET", cache.make_key("key")) is None


def test_incr_never_doubles(server, make_cache):
    cache = make_cache(server.url, timeout=0.05, late=60, FAILURE_THRESHOLD=50)
    cache.set("key", 1)
    server.cli("CONFIG", "RESETSTAT")
    server.stall()
    with pytest.raises(ValueError, match="not found"):
        cache.incr("key")
    server.resume()
    eventually(lambda: server.cli("EXISTS", cache.make_key("key")) == 0)
    counted = re.findall(r"cmdstat_incrby:calls=(\d+)", server.cli("INFO", "commandstats"))
    assert counted in ([], ["1"])


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_clock_jump_moves_nothing(clock, jump):
    wall = [5000.0]
    breaker = Breaker("test", clock=clock, wall_clock=lambda: wall[0], random=lambda: 0.5)
    for _ in range(5):
        breaker.failed(breaker.admit(), reason="refused")
    wall[0] += jump
    assert breaker.next_probe_in() == 60
    clock.advance(60)
    for _ in range(3):
        breaker.succeeded(breaker.take_probe())
    assert breaker.is_closed
