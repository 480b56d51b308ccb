"""How times and shares are written for operators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from plinto.templatetags import readings
from resilience.overview import CacheView, hit_ratio

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (172_800, "2 d ago"),
        (-12, "in 12 s"),
        (-600, "in 10 min"),
    ],
)
def test_a_distance_is_told_in_one_unit(seconds, told):
    assert readings.distance(NOON - timedelta(seconds=seconds), NOON) == told


def test_a_moment_of_any_zone_is_written_in_utc():
    east = datetime(2030, 1, 1, 13, 30, tzinfo=timezone(timedelta(hours=2)))
    written = '<time datetime="2030-01-01T11:30:00Z">2030-01-01T11:30:00Z</time>'
    assert written in readings.moment(east, NOON)


def test_what_never_was_is_a_dash():
    assert readings.moment(None, NOON) == readings.percent(None) == readings.NEVER


def test_the_hit_ratio_counts_copies_and_cache_alike():
    cache = CacheView(copy_hits=2, copy_misses=1, cache_hits=1, cache_misses=0)
    assert readings.percent(hit_ratio(cache)) == "75.0 %"
