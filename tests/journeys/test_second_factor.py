"""
One code at two workers in the same moment, one recovery code twenty times, and guesses.

With Redis up and with Redis killed; the short form plays the race of two workers five times,
``JOURNEY_SAMPLES`` says how often else.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.factories import PASSWORD
from tests.journeys.carriers import Carrier, carrier
from tests.journeys.clients import Caller
from tests.journeys.ledger import summary
from tests.journeys.scene import Scene
from tests.races import at_once

pytestmark = pytest.mark.journey

ROUNDS = int(os.environ.get("JOURNEY_SAMPLES", "5"))
CROWD = 20
GUESSES = 5  # accounts.services.attempts.FACTOR


@pytest.fixture(params=["up", "killed"])
def world(request, deploy):
    # Every round is a sign-in; the limits of requests have tests of their own.
    world = deploy(RATE_LIMITS="login=100000/60s,mfa=100000/60s,default=100000/60s")
    if request.param == "killed":
        world.redis.kill()
    return world


@pytest.fixture
def owner(world) -> Carrier:
    visitor = world.visitor(world.populate(1)[0], is_kept=False)
    assert visitor.sign_in().status == 200
    return carrier(world, visitor)


def one_per_worker(world) -> list[Caller]:
    """Callers on kept connections, each to another worker."""
    return Scene(world, None, "up").to_each("10.5.0.1")


@pytest.mark.asvs("6.5.1")
def test_one_code_at_both_workers_in_one_moment_lets_one_in(world, owner, figure):
    callers = one_per_worker(world)
    answers = []
    for _ in range(ROUNDS):
        owner.let_half_a_minute_pass()
        tokens, code = [owner.ask() for _ in callers], owner.phone.code()

        def show(number: int, tokens: list[str] = tokens, code: str = code):
            return owner.show(tokens[number], by=callers[number], code=code)

        both = at_once(show, times=len(callers))
        assert sorted(answer.status for answer in both) == [200, 401]
        answers += both
    figure(summary(answers))


def test_one_recovery_code_shown_twenty_times_at_once_lets_one_in(world, owner, figure):
    tokens, code = [owner.ask() for _ in range(CROWD)], owner.phone.recovery_codes[0]
    callers = [world.caller(is_kept=False) for _ in range(CROWD)]
    answers = at_once(
        lambda n: owner.show(tokens[n], by=callers[n], recovery_code=code), times=CROWD
    )
    statuses = Counter(answer.status for answer in answers)
    figure(f"{dict(statuses)}; {summary(answers)}")
    assert statuses[200] == 1
    assert set(statuses) <= {200, 401, 429}
    used = world.sql("SELECT count(*) FROM accounts_recovery_code WHERE used_at IS NOT NULL")
    assert used == [(1,)]
    assert world.sql("SELECT count(*) FROM accounts_session") == [(2,)]


def test_the_sixth_wrong_code_locks_the_factor_and_nothing_else(world, owner, figure):
    tokens, wrong = [owner.ask() for _ in range(CROWD)], owner.phone.wrong()
    callers = [world.caller(is_kept=False) for _ in range(CROWD)]
    answers = at_once(lambda n: owner.show(tokens[n], by=callers[n], code=wrong), times=CROWD)
    statuses = Counter(answer.status for answer in answers)
    figure(f"{dict(statuses)}; {summary(answers)}")
    assert statuses == {401: GUESSES, 429: CROWD - GUESSES}
    assert {owner.show(code=owner.phone.code()).status for _ in range(4)} == {429}
    recovery = owner.show(recovery_code=owner.phone.recovery_codes[0])
    assert (recovery.status, int(recovery.headers["Retry-After"]) <= 900) == (429, True)
    # The session of before goes on, and proves itself by password.
    assert owner.visitor.me().status == 200
    proof = owner.visitor.send("POST", "/auth/reauthenticate", {"password": PASSWORD})
    assert proof.status == 204
