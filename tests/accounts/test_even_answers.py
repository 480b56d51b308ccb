"""Doors that must not tell who has an account answer no sooner than a fixed time."""

from __future__ import annotations

import time

import pytest

from plinto.serving import lanes

DOORS = {
    "password/reset": {"email": "nobody@example.com"},
    "magic-link": {"email": "nobody@example.com"},
    "login/passkey": {},
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("is_refused", [False, True])
def test_no_answer_comes_sooner_than_after_25_milliseconds(api, door, is_refused):
    began = time.monotonic()
    api.post(f"/api/v1/auth/{door}", {} if is_refused else DOORS[door])
    assert time.monotonic() - began >= 0.025


@pytest.mark.parametrize("door", DOORS)
def test_waiting_holds_no_thread_of_those_who_read(door):
    assert f"/api/v1/auth/{door}" in lanes.DOORS
