"""What one process counts by itself."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience.sliding import Ask, Filling, Hearsay, SlidingWindows
from tests.resilience.conftest import Clock, at_once


@pytest.fixture
def windows(clock) -> SlidingWindows:
    return SlidingWindows(entries=3, clock=clock)


def admits(windows: SlidingWindows, *asks: Ask) -> bool:
    return windows.take(asks)[0]


def test_a_window_holds_its_limit_and_opens_as_its_oldest_request_leaves(windows, clock):
    ask = Ask("ada", 2, 10)
    assert admits(windows, ask)
    clock.advance(4)
    assert admits(windows, ask)
    assert windows.take([ask]) == (False, [Filling(2, 6.0)])
    clock.advance(6)
    assert admits(windows, ask)
    assert not admits(windows, ask)


def test_what_is_refused_does_not_keep_a_window_full(windows, clock):
    ask = Ask("ada", 1, 10)
    assert admits(windows, ask)
    for _ in range(9):
        clock.advance(1)
        assert not admits(windows, ask)
    clock.advance(1)
    assert admits(windows, ask)


def test_a_request_is_counted_in_all_its_windows_or_in_none(windows):
    wide, narrow = Ask("network", 5, 10), Ask("ada", 1, 10)
    assert admits(windows, wide, narrow)
    assert not admits(windows, wide, narrow)
    assert windows.take([wide]) == (True, [Filling(2, 10.0)])


def test_a_limit_of_nothing_admits_nobody(windows):
    assert windows.take([Ask("ada", 0, 10)]) == (False, [Filling(0, 0.0)])


def test_a_request_can_be_given_back(windows):
    ask = Ask("ada", 1, 10)
    windows.give_back("nobody")
    assert admits(windows, ask)
    windows.give_back("ada")
    assert admits(windows, ask)
    assert not admits(windows, ask)


def test_who_was_not_met_for_longest_is_forgotten_first(windows):
    for name in ("ada", "bob", "ada", "eve", "dan"):
        admits(windows, Ask(name, 2, 10))
    assert len(windows) == 3
    assert not admits(windows, Ask("ada", 2, 10))
    assert admits(windows, Ask("bob", 1, 10))


def test_windows_that_are_over_are_let_go(windows, clock):
    for name in ("ada", "bob", "eve"):
        admits(windows, Ask(name, 2, 10))
    clock.advance(10)
    admits(windows, Ask("dan", 2, 10))
    assert len(windows) == 1


def test_threads_never_share_a_place():
    windows = SlidingWindows()
    answers = at_once(32, lambda: admits(windows, Ask("ada", 10, 60)))
    assert answers.count(True) == 10


@given(st.lists(st.tuples(st.floats(0, 8), st.integers(1, 4)), max_size=60))
def test_no_interval_of_a_windows_length_ever_holds_more_than_the_limit(steps):
    clock, admitted = Clock(), deque[float]()
    windows = SlidingWindows(clock=clock)
    for pause, most in steps:
        clock.advance(pause)
        recent = [moment for moment in admitted if moment > clock.now - 10]
        if admits(windows, Ask("ada", most, 10)):
            assert len(recent) < most
            admitted.append(clock.now)
        else:
            assert len(recent) >= most


def test_hearsay_lasts_as_long_as_it_was_said_to(clock):
    hearsay = Hearsay(clock=clock)
    hearsay.note("ada", count=7, seconds=10)
    clock.advance(4)
    assert hearsay.of("ada") == Filling(7, 6.0)
    assert hearsay.of("bob") == Filling(0, 0.0)
    clock.advance(6)
    assert hearsay.of("ada") == Filling(0, 0.0)


def test_hearsay_is_bounded(clock):
    hearsay = Hearsay(entries=2, clock=clock)
    for name in ("ada", "bob", "ada", "eve"):
        hearsay.note(name, count=1, seconds=10)
    assert len(hearsay) == 2
    assert hearsay.of("bob").count == 0
    assert hearsay.of("ada").count == 1
