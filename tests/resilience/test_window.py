from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from resilience.window import Window


def test_calls_of_the_window_are_counted_from_its_oldest_slice():
    window = Window(seconds=10)
    window.roll(now=0, total=100)
    assert window.note_bad(now=0.5, total=110) == (1, 10)


def test_what_is_older_than_the_window_does_not_count():
    window = Window(seconds=10)
    window.note_bad(now=0, total=1)
    assert window.note_bad(now=10, total=50) == (1, 1)


def test_a_cleared_window_begins_anew():
    window = Window(seconds=10)
    window.note_bad(now=0, total=1)
    window.clear()
    assert window.note_bad(now=1, total=7) == (1, 1)


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.booleans()),
        min_size=1,
        max_size=80,
    )
)
def test_bad_calls_are_never_missed_and_never_outnumber_the_calls(steps):
    window, now, total, bad_at = Window(seconds=10), 0.0, 0, []
    for pause, is_bad in steps:
        now, total = now + pause, total + 1
        if not is_bad:
            window.roll(now=now, total=total - 1)
            continue
        bad_at.append(now)
        bad, calls = window.note_bad(now=now, total=total)
        assert bad <= calls <= total
        # A slice leaves as a whole, so the last tenth of the window may already be gone.
        assert bad >= sum(now - 9 < moment <= now for moment in bad_at)
        assert bad <= sum(now - 10 < moment + 1 for moment in bad_at)
