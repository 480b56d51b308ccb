from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from resilience import backoff

BASE, CAP = timedelta(seconds=5), timedelta(minutes=15)


def test_the_bound_doubles_until_the_cap():
    bounds = [backoff.bound(attempt=n, base=BASE, cap=CAP).total_seconds() for n in range(1, 11)]
    assert bounds == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


@given(st.integers(min_value=-5, max_value=10**9), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_negative_and_never_beyond_the_cap(attempt, drawn):
    wait = backoff.delay(attempt=attempt, base=BASE, cap=CAP, draw=lambda: drawn)
    assert timedelta() <= wait <= CAP


def test_the_draw_spreads_callers_over_the_whole_bound():
    waits = [
        backoff.delay(attempt=2, base=BASE, cap=CAP, draw=lambda drawn=drawn: drawn)
        for drawn in (0.0, 0.5)
    ]
    assert waits == [timedelta(), timedelta(seconds=5)]
