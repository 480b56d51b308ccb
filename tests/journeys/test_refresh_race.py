"""
Fifty clients present one refresh token at once, with Redis up and with Redis killed.

The replay after the grace really waits for it in the full form, ``JOURNEY_PATIENT=1``; the short
form moves the time of the rotation eleven seconds back in the row.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.journeys.ledger import summary
from tests.races import at_once

pytestmark = pytest.mark.journey

TWINS = 50
IS_PATIENT = bool(os.environ.get("JOURNEY_PATIENT"))


@pytest.fixture(params=["up", "killed"])
def world(request, deploy):
    world = deploy()
    if request.param == "killed":
        world.redis.kill()
    return world


def let_the_grace_pass(world, session_id: str) -> None:
    if IS_PATIENT:
        time.sleep(11)
    else:
        world.sql(
            "UPDATE accounts_session SET refreshed_at = refreshed_at - interval '11 seconds'"
            " WHERE id = %s",
            session_id,
        )


def test_fifty_twins_get_one_successor_and_a_replay_ends_that_session_alone(world, figure):
    [email] = world.populate(1)
    racer, elsewhere = (world.visitor(email, is_kept=False) for _ in range(2))
    assert {racer.sign_in().status, elsewhere.sign_in().status} == {200}
    presented = {"refresh": racer.refresh}
    callers = [world.caller(is_kept=False) for _ in range(TWINS)]
    answers = at_once(
        lambda twin: callers[twin].send("POST", "/api/v1/auth/token/refresh", presented),
        times=TWINS,
    )
    figure(summary(answers))
    assert {answer.status for answer in answers} == {200}
    [successor] = {answer.body["refresh"] for answer in answers}
    racer.access = answers[0].body["access"]
    assert racer.me().status == 200
    let_the_grace_pass(world, racer.session_id)
    assert racer.go_on().body["error"] == "REFRESH_TOKEN_REUSED"
    racer.refresh = successor
    assert {racer.go_on().status, racer.me().status} == {401}
    assert (elsewhere.me().status, elsewhere.go_on().status) == (200, 200)
