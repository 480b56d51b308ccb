"""Counting in the database: exact numbers, windows that end by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from resilience import counters
from resilience.counters import Count
from resilience.limits import Bucket, Limit
from resilience.models import Counter
from tests.races import at_once

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LIMIT = Limit("test", 3, timedelta(minutes=15))
ADA = Bucket.of(LIMIT, "ada")


def test_every_attempt_is_given_a_number_of_its_own():
    counts = [counters.add(ADA, now=NOON)[ADA] for _ in range(2)]
    assert counts == [Count(1, 900), Count(2, 900)]


def test_the_first_refusal_of_a_window_is_told_from_the_others():
    waits = [counters.count(ADA, now=NOON) for _ in range(5)]
    assert [bool(wait) for wait in waits] == [False, False, False, True, True]
    assert [wait.is_new for wait in waits] == [False, False, False, True, False]


def test_knocking_does_not_push_the_end_of_the_window_away():
    for minute in range(15):
        counters.count(ADA, now=NOON + timedelta(minutes=minute))
    assert not counters.count(ADA, now=NOON + timedelta(minutes=15))


def test_a_clock_that_was_set_back_keeps_nobody_out_for_the_difference():
    for _ in range(4):
        counters.count(ADA, now=NOON)
    earlier = NOON - timedelta(hours=1)

    wait = counters.count(ADA, now=earlier)

    assert wait.seconds == 900
    assert not counters.count(ADA, now=earlier + timedelta(minutes=15))


def test_one_attempt_can_be_refunded_and_all_can_be_cleared():
    other = Bucket.of(LIMIT, "bob")
    for _ in range(3):
        counters.add(ADA, other, now=NOON)
    counters.forgive(cleared=[ADA], refunded=[other])
    assert counters.add(ADA, other, now=NOON) == {ADA: Count(1, 900), other: Count(3, 900)}


def test_the_table_names_nobody():
    counters.add(ADA, now=NOON)
    assert "ada" not in Counter.objects.get().subject


@pytest.mark.django_db(transaction=True)
def test_attempts_of_one_moment_are_given_different_numbers():
    def attempt(_: int) -> int:
        return counters.add(ADA, now=NOON)[ADA].number

    assert sorted(at_once(attempt, times=20)) == list(range(1, 21))
