"""PostgreSQL is killed and comes back: 503 in our shape meanwhile, and no restart afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.journeys.clients import Answer, Visitor
from tests.journeys.ledger import crowd, summary
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("database")]

CLIENTS = 3
# A refusal is promised within three seconds, doubled here for busy machines.
# psycopg's pool by itself would be well again up to as long after an outage as it lasted.
REFUSED_WITHIN, WELL_WITHIN = 6.0, 10.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer.start() as server:
        yield server


@pytest.fixture
def world(postgres: PostgresServer) -> Iterator[World]:
    postgres.heal()
    with deployed(postgres) as world:
        # A worker that is still starting when the database goes knows no key yet.
        eventually(lambda: answering(world) == set(world.web.worker_pids()), seconds=30)
        yield world


def answering(world: World) -> set[int]:
    """The processes that take requests by now."""
    caller = world.caller(is_kept=False)
    pages = [caller.send("GET", "/health/circuit-breaker").body for _ in range(20)]
    return {worker["pid"] for page in pages for worker in page["workers"]}


def anyone(world: World) -> Visitor:
    [email] = world.populate(1)
    return world.visitor(email, is_kept=False)


def everything_asked(visitor: Visitor) -> list[Answer]:
    """Ask what needs the database, twice, so that either worker may answer."""
    asks = [visitor.me, visitor.go_on, visitor.sign_in, lambda: visitor.send("GET", "/sessions")]
    return [ask() for ask in asks * 2]


def is_ours(answer: Answer) -> bool:
    body = answer.body
    return (
        answer.status == 503
        and int(answer.headers["Retry-After"]) >= 1
        and body["error"] == "SERVICE_UNAVAILABLE_ERROR"
        and body["request_id"] == answer.headers["X-Request-ID"]
    )


def health(world: World, path: str) -> set[int]:
    caller = world.caller(is_kept=False)
    return {caller.send("GET", path).status for _ in range(6)}


def test_without_its_database_the_server_refuses_politely_and_heals_by_itself(
    world, postgres, figure
):
    visitor = anyone(world)
    assert visitor.sign_in().status == 200
    assert health(world, "/.well-known/jwks.json") == {200}
    postgres.kill()
    answers = everything_asked(visitor)
    figure(f"database gone: {summary(answers)}")
    assert [answer.content for answer in answers if not is_ours(answer)] == []
    assert max(answer.seconds for answer in answers) < REFUSED_WITHIN
    assert health(world, "/health/live") == {200}
    assert health(world, "/.well-known/jwks.json") == {200}
    eventually(lambda: health(world, "/health/ready") == {503}, seconds=5)
    postgres.restart()
    back = time.monotonic()
    eventually(
        lambda: {answer.status for answer in everything_asked(visitor)} == {200},
        seconds=WELL_WITHIN,
    )
    figure(f"all well {time.monotonic() - back:.1f} s after the database")
    eventually(lambda: health(world, "/health/ready") == {200}, seconds=5)


def test_under_load_an_outage_is_503_and_nothing_else(world, postgres, figure):
    visitors, answers, end = [anyone(world) for _ in range(CLIENTS)], [], time.monotonic() + 8
    assert {visitor.sign_in().status for visitor in visitors} == {200}

    def live(number: int) -> None:
        while time.monotonic() < end:
            answers.extend([visitors[number].me(), visitors[number].go_on()])

    threads = crowd(live, size=CLIENTS)
    time.sleep(2)
    postgres.kill()
    time.sleep(2)
    postgres.restart()
    for thread in threads:
        thread.join()
    figure(f"{dict(Counter(answer.status for answer in answers))}; {summary(answers)}")
    assert [a.content for a in answers if a.status != 200 and not is_ours(a)] == []
    assert {answer.status for answer in answers[-CLIENTS:]} == {200}


def test_a_server_that_starts_without_its_database_comes_up_and_heals(world, postgres):
    visitor = anyone(world)
    world.web.terminate()
    postgres.kill()
    world.web.launch()
    assert health(world, "/health/live") == {200}
    assert health(world, "/health/ready") == {503}
    assert is_ours(visitor.sign_in())
    postgres.restart()
    eventually(lambda: health(world, "/health/ready") == {200}, seconds=WELL_WITHIN)
    eventually(lambda: {visitor.sign_in().status for _ in range(4)} == {200}, seconds=WELL_WITHIN)
    assert health(world, "/.well-known/jwks.json") == {200}
