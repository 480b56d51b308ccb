"""
One network guesses many times as often as it may: it is told so before anything is hashed.

The full form is ``JOURNEY_FLOOD=10``, ten times what is allowed.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.clients import Answer
from tests.journeys.ledger import crowd, summary
from tests.journeys.world import World
from tests.statistics import quantile

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

TIMES = int(os.environ.get("JOURNEY_FLOOD", "4"))
ALLOWED = 100
ATTACKERS = 4
SOURCE = "10.66.6.6"
# Whoever waited behind every guess that is still to come would wait for many seconds.
PATIENT = 2.0


def flood(world: World) -> list[Answer]:
    """Guess the password of another stranger each time, from one network."""

    def guess(number: int) -> Answer:
        caller = world.caller(address=SOURCE, is_kept=False)
        body = {"email": f"stranger{number}@example.com", "password": "one password for everybody"}
        return caller.send("POST", "/api/v1/auth/login", body)

    with ThreadPoolExecutor(ATTACKERS) as attackers:
        return list(attackers.map(guess, range(ALLOWED * TIMES)))


def test_a_flood_of_logins_is_refused_unhashed_and_nobody_else_waits(deploy, figure):
    world, pages, signed_in, over = deploy(), [], [], threading.Event()
    [email] = world.populate(1)
    person = world.visitor(email, address="10.7.7.7", is_kept=False)

    def live(_number: int) -> None:
        while not over.is_set():
            signed_in.append(person.sign_in())
            pages.extend(person.caller.send("GET", "/health/ready") for _ in range(5))

    living = crowd(live, size=1)
    answers = flood(world)
    over.set()
    living[0].join()
    guessed = [answer for answer in answers if answer.status == 401]
    refused = [answer for answer in answers if answer.status == 429]
    figure(f"guesses: {summary(guessed)}")
    figure(f"refusals: {summary(refused)}")
    figure(f"health: {summary(pages)}; sign-ins: {summary(signed_in)}")
    assert (len(guessed), len(refused)) == (ALLOWED, ALLOWED * (TIMES - 1))
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert median(refused) < median(guessed) / 2
    assert {answer.status for answer in pages + signed_in} == {200}
    assert max(median(pages), median(signed_in)) < PATIENT


def median(answers: list[Answer]) -> float:
    return quantile([answer.seconds for answer in answers], 0.5)
