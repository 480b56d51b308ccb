"""
Web and mail workers are killed at random moments while people register, and every 202 holds.

A killed mail worker leaves its letters to their lease, a minute long. The full form,
``JOURNEY_REGISTRATIONS=400``, kills twenty times and waits the minute out; the short form lets
leased rows come due at once instead, after the last kill.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.factories import PASSWORD
from tests.journeys.clients import BrokenConnection, Caller
from tests.journeys.waiting import eventually
from tests.journeys.world import World
from tests.servers.plinto import WorkerProcess
from tests.servers.smtp import SMTPSink

pytestmark = pytest.mark.journey

REGISTRATIONS = int(os.environ.get("JOURNEY_REGISTRATIONS", "40"))
IS_FULL = REGISTRATIONS >= 400
KILLS = 20 if IS_FULL else 3
CLIENTS = 4


@dataclass
class Outcome:
    """Addresses by what became of their registration, as their clients saw it."""

    accepted: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def register(world: World, number: int, outcome: Outcome) -> None:
    email = f"person{number}@example.com"
    caller = Caller(world.web.port, is_kept=False)
    try:
        answer = caller.send(
            "POST", "/api/v1/auth/register", {"email": email, "password": PASSWORD}
        )
    except BrokenConnection:
        outcome.broken.append(email)
        return
    if answer.status == 202:
        outcome.accepted.append(email)
    else:
        outcome.other.append(f"{answer.status} {answer.content!r}")


def kill_at_random(world: World, mailer: WorkerProcess, outcome: Outcome) -> None:
    """Kill a web worker and the mail worker, spread over all the registrations."""
    draw = random.Random(11)
    for kill in range(KILLS):
        wanted = REGISTRATIONS * (kill + draw.random()) / KILLS
        eventually(
            lambda wanted=wanted: (
                len(outcome.accepted) + len(outcome.broken) + len(outcome.other) >= wanted * 0.95
            ),
            seconds=300,
            every=0.01,
        )
        workers = eventually(world.web.worker_pids, seconds=30)
        os.kill(draw.choice(workers), signal.SIGKILL)
        time.sleep(draw.random() * 0.3)
        mailer.kill()
        mailer.restart()


def deliver_the_rest(world: World) -> None:
    """Wait until no letter is due any more."""
    if not IS_FULL:
        world.sql("UPDATE accounts_outbound_mail SET due_at = now() WHERE state = 'due'")
    pending = "SELECT count(*) FROM accounts_outbound_mail WHERE state = 'due'"
    eventually(lambda: world.sql(pending) == [(0,)], seconds=180, every=0.2)


def test_every_acknowledged_registration_has_its_one_letter(deploy, sink: SMTPSink, figure):
    world, outcome = deploy(EMAIL_URL=sink.url), Outcome()
    with WorkerProcess.start(world.web.environment) as mailer:
        with ThreadPoolExecutor(CLIENTS) as clients:
            for number in range(REGISTRATIONS):
                clients.submit(register, world, number, outcome)
            kill_at_random(world, mailer, outcome)
        deliver_the_rest(world)
    letters = {(message["To"], message["Message-ID"]) for message in sink.messages}
    twins = len(sink.messages) - len(letters)
    per_person = Counter(recipient for recipient, _ in letters)
    figure(
        f"{len(outcome.accepted)} accepted, {len(outcome.broken)} connections broken,"
        f" {KILLS} kills of each, {twins} letters sent twice"
    )
    assert outcome.other == []
    assert {email: per_person[email] for email in outcome.accepted if per_person[email] != 1} == {}
    assert max(per_person.values()) == 1
    # Each kill of the mail worker can strike between one letter's sending and its settling.
    assert twins <= KILLS
    assert len(outcome.accepted) > REGISTRATIONS / 2
