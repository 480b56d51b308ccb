"""
Known and unknown addresses take the same time, as far as ranks can tell.

One worker with one thread serves one request at a time, so the clock of the client measures the
work. Each sample has an address and a network of its own; known and unknown ones alternate at
random. The full form is ``JOURNEY_SAMPLES=200`` a side with p > 0.01; the short form has fewer and
a smaller p, so that noise does not fail it one time in a hundred.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tests.factories import PASSWORD
from tests.journeys.clients import Answer
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer
from tests.statistics import mann_whitney, quantile

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

SAMPLES = int(os.environ.get("JOURNEY_SAMPLES", "60"))
LEAST_P = 0.01 if SAMPLES >= 200 else 0.001
# The first requests of a process compile, import and connect.
WARM_UP = 10

DOORS = ["login", "register", "password/reset", "magic-link"]
# These differ from answer to answer by design, and say nothing of the address.
OWN_FIELDS = {"request_id", "registration"}


@dataclass
class Comparison:
    """Seconds and answers by whether the address is known."""

    seconds: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    shapes: dict[bool, set[tuple[object, ...]]] = field(
        default_factory=lambda: {True: set(), False: set()}
    )

    def note(self, answer: Answer, *, is_known: bool) -> None:
        self.seconds[is_known].append(answer.seconds)
        told = {name: text for name, text in answer.body.items() if name not in OWN_FIELDS}
        self.shapes[is_known].add((answer.status, str(told), *sorted(answer.body)))

    @property
    def p(self) -> float:
        return mann_whitney(self.seconds[True], self.seconds[False])


def body_for(door: str, email: str) -> dict[str, str]:
    passwords = {"login": "not the right password at all", "register": PASSWORD}
    return {"email": email} | ({"password": passwords[door]} if door in passwords else {})


@pytest.fixture(scope="module")
def world(shared_postgres: PostgresServer) -> Iterator[World]:
    with deployed(shared_postgres, WEB_WORKERS="1", WEB_THREADS="1") as world:
        yield world


def compare(world: World, door: str) -> Comparison:
    draw, comparison, caller = random.Random(door), Comparison(), world.caller()
    known = dict.fromkeys(world.populate(SAMPLES + WARM_UP), True)
    unknown = {f"{uuid4().hex}@example.com": False for _ in known}
    turns = [*known.items(), *unknown.items()]
    draw.shuffle(turns)
    for number, (email, is_known) in enumerate(turns):
        caller.address = f"10.{DOORS.index(door)}.{number >> 8}.{number & 255}"
        answer = caller.send("POST", f"/api/v1/auth/{door}", body_for(door, email))
        if number >= 2 * WARM_UP:
            comparison.note(answer, is_known=is_known)
    return comparison


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize("door", DOORS)
def test_a_known_and_an_unknown_address_get_one_answer_in_one_time(world, figure, door):
    comparison = compare(world, door)
    known, unknown = (quantile(comparison.seconds[side], 0.5) * 1000 for side in (True, False))
    figure(
        f"{door}: {SAMPLES} a side, median known {known:.2f} ms, unknown {unknown:.2f} ms,"
        f" p = {comparison.p:.3f}"
    )
    assert comparison.shapes[True] == comparison.shapes[False]
    assert len(comparison.shapes[True]) == 1
    assert comparison.p > LEAST_P
