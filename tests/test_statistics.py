"""The yardstick itself, held against published and computable values."""

from __future__ import annotations

import random

import pytest

from tests.statistics import mann_whitney, quantile


def test_series_of_one_distribution_differ_significantly_as_often_as_chance_says():
    draw = random.Random(7)
    ps = [
        mann_whitney([draw.random() for _ in range(40)], [draw.random() for _ in range(40)])
        for _ in range(400)
    ]
    assert 0.02 < sum(p < 0.05 for p in ps) / len(ps) < 0.09


def test_a_shift_of_a_tenth_of_the_spread_is_found_in_many_samples():
    draw = random.Random(7)
    first = [draw.gauss(0.0, 1.0) for _ in range(4000)]
    second = [draw.gauss(0.1, 1.0) for _ in range(4000)]
    assert mann_whitney(first, second) < 0.001


def test_the_hares_and_tortoises_of_the_textbook_get_their_p():
    # One side wins 25 of 36 contests: U = 11, mean 18, variance 39.
    first = [1.0, 7.0, 8.0, 9.0, 10.0, 11.0]
    second = [2.0, 3.0, 4.0, 5.0, 6.0, 12.0]
    assert mann_whitney(first, second) == pytest.approx(0.298, abs=0.001)


def test_equal_values_say_nothing():
    assert mann_whitney([1.0] * 30, [1.0] * 30) == 1.0


def test_a_quantile_is_one_of_the_values():
    assert quantile([5.0, 1.0, 3.0, 2.0, 4.0], 0.5) == 3.0
    assert quantile([5.0, 1.0], 0.99) == 5.0
