"""PostgreSQL is gone, starting or silent: 503 in our shape meanwhile, and no restart afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from tests.journeys.clients import Answer
from tests.journeys.ledger import summary
from tests.journeys.refusals import (
    Crowd,
    anyone,
    everything_asked,
    is_ours,
    statuses,
    wait_until_well,
)
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.fault_proxy import FaultProxy
from tests.servers.postgres import PostgresServer
from tests.statistics import quantile

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("database")]

# A refusal is promised within a second and health within five. Machines that run this have
# stopped for seconds, so the second is asked of half the refusals and three of all.
# psycopg's pool by itself would be well again up to as long after an outage as it lasted.
MOSTLY_WITHIN, REFUSED_WITHIN, WELL_WITHIN = 1.0, 3.0, 10.0
# Two seconds for a connection, one to see that it answers, and for all statements together one
# more than the server gives each.
CONNECT, STATEMENT = 3.0, 1.0
LONGEST_WAIT = 2.0 + 1.0 + STATEMENT + 1.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def deployment(postgres: PostgresServer) -> Iterator[World]:
    with deployed(postgres) as world:
        yield world


@pytest.fixture
def world(deployment: World, postgres: PostgresServer) -> World:
    postgres.heal()
    return wait_until_well(deployment)


def are_prompt(answers: list[Answer]) -> bool:
    seconds = [answer.seconds for answer in answers]
    return quantile(seconds, 0.5) < MOSTLY_WITHIN and max(seconds) < REFUSED_WITHIN


def are_all_shut(people: Crowd) -> bool:
    """Tell whether the last refusals came at once; so many are never of one process alone."""
    last = [answer.seconds for answer in people.refusals()[-20:]]
    return len(last) == 20 and max(last) < MOSTLY_WITHIN


def test_without_its_database_the_server_refuses_politely_and_heals_by_itself(
    world, postgres, figure
):
    visitor = anyone(world)
    assert visitor.sign_in().status == 200
    assert statuses(world, "/.well-known/jwks.json") == {200}
    postgres.kill()
    answers = everything_asked(visitor)
    figure(f"database gone: {summary(answers)}")
    assert [answer.content for answer in answers if not is_ours(answer)] == []
    assert are_prompt(answers)
    assert statuses(world, "/health/live") == {200}
    assert statuses(world, "/.well-known/jwks.json") == {200}
    eventually(lambda: statuses(world, "/health/ready") == {503}, seconds=5)
    postgres.restart()
    back = time.monotonic()
    eventually(
        lambda: {answer.status for answer in everything_asked(visitor)} == {200},
        seconds=WELL_WITHIN,
    )
    figure(f"all well {time.monotonic() - back:.1f} s after the database")
    eventually(lambda: statuses(world, "/health/ready") == {200}, seconds=5)


@contextmanager
def killed(postgres: PostgresServer) -> Iterator[None]:
    postgres.kill()
    yield
    postgres.restart()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (killed, "refused"),
        (PostgresServer.recovering, "recovering"),
        (PostgresServer.starting_up, "starting"),
    ],
    ids=["killed", "in recovery", "starting up"],
)
def test_under_load_an_outage_is_503_and_nothing_acknowledged_is_lost(
    world,
    postgres,
    figure,
    fault: Callable[[PostgresServer], AbstractContextManager[None]],
    reason: str,
):
    people, logged = Crowd(world), len(world.web.log())
    with people.living():
        time.sleep(1.5)
        with fault(postgres):
            time.sleep(2)
            assert statuses(world, "/health/live") == {200}
            assert statuses(world, "/.well-known/jwks.json") == {200}
        back, refused_before = time.monotonic(), len(people.refusals())
        eventually(lambda: statuses(world, "/health/ready") == {200}, seconds=WELL_WITHIN)
        time.sleep(1.5)
    last = max(answer.began + answer.seconds for answer in people.refusals())
    figure(f"{people.report()}; last refusal {last - back:.1f} s after the database")
    assert people.wrong == []
    assert refused_before > 0
    assert f"circuit open: {reason}" in world.web.log()[logged:]
    assert are_prompt(people.refusals())
    assert last - back < WELL_WITHIN
    assert people.broken_promises() == []


def test_a_server_that_starts_without_its_database_comes_up_and_heals(world, postgres):
    visitor = anyone(world)
    world.web.terminate()
    postgres.kill()
    world.web.launch()
    assert statuses(world, "/health/live") == {200}
    assert statuses(world, "/health/ready") == {503}
    assert is_ours(visitor.sign_in())
    postgres.restart()
    eventually(lambda: statuses(world, "/health/ready") == {200}, seconds=WELL_WITHIN)
    eventually(lambda: {visitor.sign_in().status for _ in range(4)} == {200}, seconds=WELL_WITHIN)
    assert statuses(world, "/.well-known/jwks.json") == {200}


def test_a_database_behind_a_black_hole_is_waited_for_once_and_then_not_asked(postgres, figure):
    postgres.heal()
    with (
        FaultProxy(("127.0.0.1", postgres.port)) as proxy,
        deployed(postgres, proxy=proxy, DB_STATEMENT_TIMEOUT=str(STATEMENT)) as world,
    ):
        people = Crowd(wait_until_well(world))
        visitor = anyone(world)
        assert visitor.sign_in().status == 200
        with people.living():
            time.sleep(1.5)
            proxy.set("blackhole")
            eventually(lambda: people.refusals(), seconds=LONGEST_WAIT + REFUSED_WITHIN)
            look = partial(world.caller(is_kept=False).send, "GET", "/health/ready")
            pages = [look() for _ in range(6)]
            eventually(lambda: are_all_shut(people), seconds=LONGEST_WAIT + REFUSED_WITHIN)
            first = people.refusals()
            answers = everything_asked(visitor)
            assert statuses(world, "/health/live") == {200}
            assert statuses(world, "/.well-known/jwks.json") == {200}
            proxy.set("ok")
            back = time.monotonic()
            eventually(lambda: statuses(world, "/health/ready") == {200}, seconds=WELL_WITHIN)
            figure(f"well {time.monotonic() - back:.1f} s after the network")
            time.sleep(1.5)
        figure(f"{people.report()}; while it opened: {summary(first)}")
        figure(f"once it was open: {summary(answers)}; readiness {summary(pages)}")
        assert people.wrong == []
        assert [answer.content for answer in answers if not is_ours(answer)] == []
        assert are_prompt(answers)
        assert pages[-1].status == 503
        assert max(page.seconds for page in pages) < CONNECT + REFUSED_WITHIN
        assert max(answer.seconds for answer in people.answers) < LONGEST_WAIT + REFUSED_WITHIN
        assert people.broken_promises() == []
