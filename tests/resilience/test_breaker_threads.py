from __future__ import annotations

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
