"""Code and schema are one release apart, in either order, as in every deployment."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from tests.journeys.ledger import Ledger, crowd
from tests.journeys.noon import Routine
from tests.journeys.refusals import statuses
from tests.journeys.waiting import eventually
from tests.journeys.world import World
from tests.servers.plinto import manage

pytestmark = pytest.mark.journey

CLIENTS = 3
NEXT_RELEASE = (
    "ALTER TABLE accounts_user ADD COLUMN pronouns text NOT NULL DEFAULT ''",
    "ALTER TABLE accounts_session ADD COLUMN device_id uuid NULL",
    "ALTER TABLE audit_row ADD COLUMN severity smallint NOT NULL DEFAULT 0",
    "CREATE TABLE accounts_passport (id uuid PRIMARY KEY)",
    "INSERT INTO django_migrations (app, name, applied)"
    " VALUES ('accounts', '9999_passports', now())",
)


def test_code_minds_the_schema_of_the_next_release_neither_running_nor_starting(deploy, figure):
    world, ledger, over = deploy(), Ledger(), threading.Event()
    routines = [
        Routine(world, email, f"10.40.0.{number}", ledger, random.Random(number))
        for number, email in enumerate(world.populate(CLIENTS))
    ]

    def live(number: int) -> None:
        while not over.is_set():
            routines[number].live_a_day()

    threads = crowd(live, size=CLIENTS)
    try:
        eventually(lambda: len(ledger.answers) > 30, seconds=30)
        for statement in NEXT_RELEASE:
            world.sql(statement)
        soon = len(ledger.answers) + 60
        eventually(lambda: len(ledger.answers) > soon, seconds=30)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    figure(f"{len(ledger.answers)} answers around {len(NEXT_RELEASE)} statements")
    assert ledger.wrong == []
    world.web.terminate()
    world.web.launch()
    assert statuses(world, "/health/ready") == {200}
    visitor = world.visitor(routines[0].email, is_kept=False)
    assert (visitor.sign_in().status, visitor.me().status) == (200, 200)


def test_code_that_starts_before_its_migrations_is_not_ready_and_needs_no_second_start(
    deploy: Callable[..., World],
):
    world = deploy()
    [email] = world.populate(1)
    visitor = world.visitor(email, is_kept=False)
    world.web.terminate()
    manage("migrate", "resilience", "zero", environment=world.web.environment)
    world.web.launch()
    assert statuses(world, "/health/ready") == {503}
    assert statuses(world, "/health/live") == {200}
    answered = Counter(visitor.sign_in().status for _ in range(4))
    assert answered.keys() <= {200, 503}
    manage("migrate", "--no-input", environment=world.web.environment)
    eventually(lambda: statuses(world, "/health/ready") == {200}, seconds=10)
    assert {visitor.sign_in().status for _ in range(4)} == {200}
