from __future__ import annotations

import subprocess
import sys
import textwrap

from resilience.breaker import Breaker
from resilience.circuit import Policy, State
from resilience.errors import CircuitOpenError
from tests.resilience.conftest import at_once


def opened(clock, **policy) -> Breaker:
    breaker = Breaker("test", policy=Policy(**policy), clock=clock)
    for _ in range(5):
        breaker.failed(breaker.admit(), reason="refused")
    clock.advance(70)
    return breaker


def test_of_sixteen_threads_one_gets_the_probe(clock):
    for _ in range(20):
        breaker = opened(clock)
        probes = [probe for probe in at_once(16, breaker.take_probe) if probe is not None]
        assert len(probes) == 1


def test_sixteen_failures_at_once_open_it_once(clock):
    breaker = Breaker("test", clock=clock)
    changes = []
    breaker.subscribe(changes.append)
    permits = [breaker.admit() for _ in range(16)]
    at_once(16, lambda: breaker.failed(permits.pop(), reason="timeout"))
    assert [change.after.state for change in changes] == [State.OPEN]
    assert breaker.failed_calls == 16


def test_calls_in_two_hundred_threads_to_a_dying_dependency_stop_at_the_threshold(clock):
    breaker, reached = Breaker("test", clock=clock), []

    def call():
        try:
            permit = breaker.admit()
        except CircuitOpenError:
            return
        reached.append(1)
        breaker.failed(permit, reason="refused")

    at_once(8, lambda: [call() for _ in range(25)])
    assert 5 <= len(reached) <= 5 + 8
    assert breaker.rejected_calls == 200 - len(reached)


def test_counters_of_eight_threads_lose_nothing(clock):
    breaker = Breaker("test", clock=clock)
    at_once(8, lambda: [breaker.succeeded(breaker.admit(), began=clock()) for _ in range(2000)])
    assert breaker.successful_calls == 16_000


def test_a_child_forked_while_open_and_locked_starts_closed():
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
