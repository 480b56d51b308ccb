"""Breakers of many alike: apart from each other, bounded, and counted together."""

from __future__ import annotations

import pytest

from resilience import measures
from resilience.circuit import Policy, State
from resilience.crowd import Crowd
from resilience.errors import CircuitOpenError
from resilience.readings import readings


def crowd(**options: int) -> Crowd[int]:
    return Crowd("test-crowd", policy=Policy(failure_threshold=1), **options)


def fail(many: Crowd[int], key: int) -> None:
    breaker = many.of(key)
    breaker.failed(breaker.admit(), reason="timeout")


def test_one_that_fails_is_left_alone_and_the_others_are_not() -> None:
    many = crowd()
    fail(many, 1)

    with pytest.raises(CircuitOpenError):
        many.of(1).admit()
    many.of(2).admit()


def test_those_asked_for_last_are_remembered_and_no_more_than_so_many() -> None:
    many = crowd(most=3)
    for key in (1, 2, 3):
        fail(many, key)
    many.of(1)

    many.of(4)

    assert len(many) == 3
    assert [many.of(key).is_closed for key in (1, 3)] == [False, False]
    assert many.of(2).is_closed  # forgotten, so it begins anew


def test_a_crowd_is_one_series_however_many_it_has() -> None:
    many = crowd()
    for key in range(5):
        many.of(key)
    fail(many, 0)

    found = {
        reading.labels[1]: figure
        for reading, figure in readings("")
        if reading.measure is measures.BREAKERS and reading.labels[0] == "test-crowd:*"
    }

    assert found == {State.CLOSED: 4, State.OPEN: 1, State.HALF_OPEN: 0}
