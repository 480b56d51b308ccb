from __future__ import annotations

import pytest

from resilience import breakers
from resilience.circuit import Policy
from tests.resilience.conftest import at_once


@pytest.fixture(autouse=True)
def _forget():
    yield
    breakers.forget("test")


def test_a_name_is_one_breaker_for_all_threads():
    found = at_once(16, lambda: breakers.get("test"))
    assert len({id(breaker) for breaker in found}) == 1


def test_the_first_policy_stays():
    breakers.get("test", policy=Policy(failure_threshold=2))
    assert breakers.get("test", policy=Policy(failure_threshold=9)).policy.failure_threshold == 2


def test_a_forgotten_breaker_begins_anew():
    breakers.get("test").force_open()
    breakers.forget("test")
    assert breakers.get("test").is_closed


def test_breakers_are_listed_by_name():
    breakers.get("test")
    names = [breaker.name for breaker in breakers.every()]
    assert "test" in names
    assert names == sorted(names)


def lines(caplog) -> list[str]:
    messages = [record.getMessage() for record in caplog.records]
    return [message for message in messages if "circuit" in message]


def test_a_transition_is_one_line_in_the_log(caplog):
    breakers.get("test").trip(reason="because")
    [line] = lines(caplog)
    assert "because" in line


def test_probes_that_fail_within_a_minute_are_not_written_down(caplog):
    breaker = breakers.get("test", policy=Policy(recovery_timeout=0.0))
    breaker.trip(reason="denied")
    for _ in range(10):
        breaker.failed(breaker.take_probe(), reason="denied")
    assert len(lines(caplog)) == 1


def test_a_circuit_that_closes_again_is_a_line_however_soon(caplog):
    breaker = breakers.get("test", policy=Policy(recovery_timeout=0.0, half_open_max_calls=1))
    with caplog.at_level("INFO"):
        breaker.trip(reason="because")
        breaker.succeeded(breaker.take_probe())
    assert ["recovered" in line for line in lines(caplog)] == [False, True]


def test_a_listener_hears_breakers_of_before_and_after_its_subscription():
    heard = []
    early = breakers.get("test")
    breakers.subscribe(heard.append)
    late = breakers.replace("test")
    early.trip(reason="early")
    late.trip(reason="late")
    breakers.unsubscribe(heard.append)
    late.reset()
    assert [change.after.reason for change in heard] == ["early", "late"]
