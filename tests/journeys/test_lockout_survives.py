"""Two hundred guesses over twenty threads and two workers, with Redis killed in their middle."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.clients import Answer, Caller
from tests.journeys.ledger import summary

pytestmark = pytest.mark.journey

GUESSES, GUESSERS = 200, 20
ALLOWED = 10
HOME = "192.0.2.7"


def guesses(world, email: str, *, numbers: range) -> list[Answer]:
    """Guess from a network per guess, so that only the account's own counter can stop it."""

    def guess(number: int) -> Answer:
        caller = Caller(world.web.port, address=f"10.1.{number >> 8}.{number & 255}", is_kept=False)
        body = {"email": email, "password": f"a guess with the number {number}"}
        return caller.send("POST", "/api/v1/auth/login", body)

    with ThreadPoolExecutor(GUESSERS) as threads:
        return list(threads.map(guess, numbers))


@pytest.mark.asvs("6.3.1")
def test_two_hundred_guesses_are_ten_whatever_becomes_of_redis(deploy, figure):
    world = deploy()
    [email] = world.populate(1)
    owner = world.visitor(email, address=HOME, is_kept=False)
    assert owner.sign_in().status == 200
    first = guesses(world, email, numbers=range(4))
    world.redis.kill()
    rest = guesses(world, email, numbers=range(4, GUESSES))
    statuses = Counter(answer.status for answer in first + rest)
    figure(f"{dict(statuses)}; {summary(first + rest)}")
    assert statuses == {401: ALLOWED, 429: GUESSES - ALLOWED}
    world.redis.restart()
    assert world.visitor(email, address="10.7.7.7").sign_in().status == 429
    # The owner's session goes on, and a network with a session of theirs still lets them in.
    assert owner.me().status == 200
    assert owner.sign_in().status == 200
    assert world.visitor(email, address="10.7.7.7").sign_in().status == 429
