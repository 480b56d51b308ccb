"""The lane of requests that hash passwords."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import make_password
from django.urls import resolve

from accounts.errors import HashingBusy
from plinto.kernel import lines
from plinto.serving.lanes import DOORS


@pytest.mark.parametrize("path", sorted(DOORS))
def test_every_door_of_the_lane_is_there(path):
    assert resolve(path).func


def test_who_stood_in_line_for_too_long_is_not_hashed_for():
    lines.note(10.5)
    try:
        with pytest.raises(HashingBusy):
            make_password("a password of some length")
    finally:
        lines.note(0.0)
    assert make_password("a password of some length").startswith("argon2")
