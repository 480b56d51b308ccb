"""When a message is sent again, and what a receiver may wish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webhooks.services import schedule

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def waits(*, draw: float) -> list[timedelta]:
    found = []
    for tries in range(1, 12):
        at = schedule.next_try(tries=tries, now=NOON, draw=lambda: draw)
        if at is None:
            break
        found.append(at - NOON)
    return found


def test_nine_waits_follow_the_standard_and_then_it_is_over() -> None:
    hours = [2, 5, 10, 14, 20, 24]
    short = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)]
    assert waits(draw=0.0) == [*short, *(hour * HOUR for hour in hours)]


def test_jitter_makes_a_wait_longer_by_a_fifth_at_most() -> None:
    pairs = zip(waits(draw=0.0), waits(draw=1.0), strict=True)
    assert all(timedelta() < most - least <= 0.21 * least for least, most in pairs)


def test_a_wish_makes_a_wait_longer_and_never_shorter_nor_endless() -> None:
    def first(wish: timedelta) -> timedelta:
        at = schedule.next_try(tries=1, now=NOON, wish=wish, draw=lambda: 0.0)
        assert at is not None
        return at - NOON

    assert first(timedelta(seconds=1)) == timedelta(seconds=5)
    assert first(HOUR) == HOUR
    assert first(400 * 24 * HOUR) == 24 * HOUR


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta()),
        ("9" * 400, timedelta(days=1)),
        ("Tue, 01 Jan 2030 13:00:00 GMT", HOUR),
        ("Tue, 01 Jan 2030 11:00:00 GMT", timedelta()),
        ("Tue, 01 Jan 2030 13:00:00", HOUR),
        ("-5", None),
        ("١٢", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nothing_else(
    header: str, wish: timedelta | None
) -> None:
    assert schedule.wish_of(header, now=NOON) == wish
