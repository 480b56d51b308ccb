"""
PostgreSQL is well, and somebody else holds what a request needs.

``JOURNEY_ABORTED=1000`` is the full form: so many clients hang up before they are answered.
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from functools import partial

import psycopg
import pytest

from tests.journeys.clients import Answer, Visitor
from tests.journeys.ledger import crowd, summary
from tests.journeys.refusals import (
    BUSY,
    GONE,
    Crowd,
    anyone,
    everything_asked,
    is_ours,
    statuses,
    wait_until_well,
)
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import manage
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("database")]

ABORTED = int(os.environ.get("JOURNEY_ABORTED", "100"))
# Fewer people than one process has threads: waiting for a thread is another matter.
PEOPLE, POOL = 8, 4
STATEMENT, LOCK = 3.0, 2.0
# Two seconds for a connection, one to see that it answers, and all statements together.
LONGEST_WAIT = 2.0 + 1.0 + STATEMENT + 1.0
# Machines that run this have stopped for seconds.
SLACK = 3.0
AUDITED = "SELECT count(*) FROM audit_row WHERE session_id = %s AND action = %s"


@pytest.fixture(scope="module")
def deployment(shared_postgres: PostgresServer) -> Iterator[World]:
    settings = {
        "DB_POOL_TOTAL": str(POOL),
        "DB_STATEMENT_TIMEOUT": str(STATEMENT),
        "WEB_THREADS": str(PEOPLE + 4),
    }
    with deployed(shared_postgres, **settings) as world:
        yield world


@pytest.fixture
def world(deployment: World) -> World:
    return wait_until_well(deployment)


@pytest.fixture
def visitor(world: World) -> Visitor:
    visitor = anyone(world)
    assert visitor.sign_in().status == 200
    return visitor


@contextmanager
def outsider(world: World, statement: str, *parameters: object) -> Iterator[psycopg.Connection]:
    """Somebody else's transaction, which has run ``statement`` and ends undone."""
    with psycopg.connect(world.database_url) as connection:
        # Of two that wait for each other the one that looks first is given up: not this one.
        connection.execute("SET deadlock_timeout = '1min'")
        connection.execute(statement, parameters)
        yield connection
        connection.rollback()


@contextmanager
def trigger(world: World, table: str, kind: str, body: str) -> Iterator[None]:
    """Let PostgreSQL itself run ``body`` for each row that it is about to write."""
    world.sql("CREATE SEQUENCE hindered")
    world.sql(
        "CREATE FUNCTION hinder() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body}; RETURN NEW; END $$"
    )
    world.sql(
        f"CREATE TRIGGER hinder BEFORE {kind} ON {table} FOR EACH ROW EXECUTE FUNCTION hinder()"
    )
    try:
        yield
    finally:
        world.sql("DROP FUNCTION hinder CASCADE")
        world.sql("DROP SEQUENCE hindered")


def codes_of(people: Crowd) -> Counter[str]:
    return Counter(answer.body["error"] for answer in people.refusals())


def test_with_an_exhausted_pool_nobody_waits_beyond_the_budget_and_health_answers(world, figure):
    people = Crowd(world, size=PEOPLE, codes=(GONE, BUSY))
    with people.living():
        time.sleep(1)
        with outsider(world, "LOCK TABLE accounts_user IN ACCESS EXCLUSIVE MODE"):
            eventually(lambda: codes_of(people).keys() == {GONE, BUSY}, seconds=30)
            caller = world.caller(is_kept=False)
            pages = [
                caller.send("GET", f"/health/{page}")
                for page in ("live", "ready", "database", "circuit-breaker") * 2
            ]
            told = manage("resilience", environment=world.web.environment)
    figure(f"{people.report()}; {dict(codes_of(people))}; health pages {summary(pages)}")
    assert people.wrong == []
    assert {answer.status for answer in everything_asked(people.people[0].visitor)} == {200}
    assert {page.status for page in pages} == {200}
    assert max(page.seconds for page in pages) < SLACK
    assert str(world.web.worker_pids()[0]) in told
    assert max(answer.seconds for answer in people.answers) < LONGEST_WAIT + SLACK
    assert people.broken_promises() == []


def hang_up(world: World, visitor: Visitor, number: int) -> None:
    """Send a request whole and be gone before the answer."""
    draw, body = random.Random(number), b'{"name":"Gone"}'
    head = (
        f"PATCH /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {visitor.access}"
        f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", world.web.port), timeout=30)) as client:
        client.sendall(head.encode() + body)
        time.sleep(draw.random() * 0.02)


def is_all_there(world: World, *, since: datetime) -> bool:
    """Tell whether each pooled connection was reported to lie ready, and none is at work."""
    page = world.caller(is_kept=False).send("GET", "/health/database").body
    pool = page["pool"]
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    is_idle = 0 < pool["size"] == pool["available"] <= POOL and not pool["waiting"]
    is_news = all(datetime.fromisoformat(one["seen_at"]) > since for one in page["workers"])
    return is_idle and is_news and world.sql(busy) == [(0,)]


def test_clients_that_hang_up_leave_no_connection_of_the_pool_behind(world, visitor, figure):
    with outsider(world, "LOCK TABLE accounts_user IN ACCESS EXCLUSIVE MODE"):
        for number in range(20):
            hang_up(world, visitor, number)
    for number in range(20, ABORTED):
        hang_up(world, visitor, number)
    began = time.monotonic()
    eventually(partial(is_all_there, world, since=datetime.now(UTC)), seconds=60)
    figure(f"{ABORTED} hung up; all connections back {time.monotonic() - began:.1f} s afterwards")
    assert {visitor.me().status for _ in range(20)} == {200}
    assert statuses(world, "/health/ready") == {200}


def row_locked(world: World, visitor: Visitor) -> AbstractContextManager[object]:
    return outsider(world, "SELECT 1 FROM accounts_user WHERE id = %s FOR UPDATE", visitor.user_id)


def trail_locked(world: World, _visitor: Visitor) -> AbstractContextManager[object]:
    return outsider(world, "LOCK TABLE audit_row IN EXCLUSIVE MODE")


def trail_slow(world: World, _visitor: Visitor) -> AbstractContextManager[object]:
    return trigger(world, "audit_row", "INSERT", "PERFORM pg_sleep(30)")


@pytest.mark.parametrize(
    ("hindered", "seconds"), [(row_locked, LOCK), (trail_locked, LOCK), (trail_slow, STATEMENT)]
)
def test_what_takes_too_long_is_busy_within_its_time_and_undone_wholly(
    world,
    visitor,
    figure,
    hindered: Callable[[World, Visitor], AbstractContextManager[object]],
    seconds: float,
):
    rename = partial(visitor.send, "PATCH", "/me", {"name": "Renamed"})
    with hindered(world, visitor):
        answer = rename()
        assert visitor.me().body["name"] == ""
    figure(f"{answer.status} {answer.body['error']} after {answer.seconds:.2f} s")
    assert is_ours(answer, BUSY)
    assert seconds <= answer.seconds < seconds + SLACK
    assert visitor.me().body["name"] == ""
    assert world.sql(AUDITED, visitor.session_id, "user.updated") == [(0,)]
    assert rename().body["name"] == "Renamed"
    assert world.sql(AUDITED, visitor.session_id, "user.updated") == [(1,)]


def end_the_others(visitor: Visitor) -> Answer:
    return visitor.send("DELETE", "/sessions")


def end_this_one(visitor: Visitor) -> Answer:
    return visitor.send("POST", "/auth/logout")


ACTS = [
    (Visitor.go_on, 200, "session.refreshed"),
    (end_the_others, 204, "session.ended"),
    (end_this_one, 204, "session.ended"),
]


@pytest.mark.parametrize(("act", "status", "audited"), ACTS)
def test_a_serialization_failure_is_invisible_and_the_act_happens_once(
    world, visitor, act: Callable[[Visitor], Answer], status: int, audited: str
):
    other = world.visitor(visitor.email)
    assert other.sign_in().status == 200
    conflict = (
        "IF nextval('hindered') <= 2 THEN"
        " RAISE 'could not serialize access' USING ERRCODE = '40001'; END IF"
    )
    with trigger(world, "accounts_session", "UPDATE", conflict):
        assert act(visitor).status == status
        assert world.sql("SELECT last_value >= 3 FROM hindered") == [(True,)]
    concerned = other.session_id if act is end_the_others else visitor.session_id
    assert world.sql(AUDITED, concerned, audited) == [(1,)]


def test_conflicts_without_end_are_busy_and_change_nothing(world, visitor):
    conflict = "RAISE 'could not serialize access' USING ERRCODE = '40001'"
    with trigger(world, "accounts_session", "UPDATE", conflict):
        assert is_ours(visitor.go_on(), BUSY)
    assert world.sql(AUDITED, visitor.session_id, "session.refreshed") == [(0,)]
    assert visitor.go_on().status == 200


@pytest.mark.parametrize(("act", "status", "audited"), ACTS)
def test_a_deadlock_is_invisible_and_the_act_happens_once(
    world, visitor, figure, act: Callable[[Visitor], Answer], status: int, audited: str
):
    other = world.visitor(visitor.email)
    assert other.sign_in().status == 200
    concerned = other.session_id if act is end_the_others else visitor.session_id
    answers: list[Answer] = []
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
        # One of the acts is one statement, which is shown as far as its beginning.
        " AND (query LIKE 'INSERT INTO \"audit_row\"%%' OR query LIKE '%%WITH rotated%%')"
    )
    with outsider(world, "LOCK TABLE audit_row IN EXCLUSIVE MODE") as connection:
        [thread] = crowd(lambda _: answers.append(act(visitor)), size=1)
        eventually(lambda: world.sql(waiting), seconds=10, every=0.01)
        # It holds the session and waits for the trail; here it is the other way round.
        connection.execute("SELECT 1 FROM accounts_session WHERE id = %s FOR UPDATE", (concerned,))
    thread.join()
    figure(f"answered after {answers[0].seconds:.2f} s")
    assert [answer.status for answer in answers] == [status]
    assert world.sql(AUDITED, concerned, audited) == [(1,)]


def test_refreshing_and_ending_all_at_once_is_never_refused_and_recorded_once(world, figure):
    [email] = world.populate(1)
    answers: list[Answer] = []
    end = time.monotonic() + 4

    def live(number: int) -> None:
        visitor = world.visitor(email, is_kept=False)
        while time.monotonic() < end:
            answers.append(visitor.sign_in())
            answers.extend(visitor.go_on() for _ in range(3))
            if number % 2:
                answers.append(end_the_others(visitor))

    for thread in crowd(live, size=6):
        thread.join()
    figure(f"{dict(Counter(answer.status for answer in answers))}; {summary(answers)}")
    assert {answer.status for answer in answers} <= {200, 204, 401}
    [[ended]] = world.sql("SELECT count(*) FROM accounts_session WHERE ended_at IS NOT NULL")
    [[recorded, sessions]] = world.sql(
        "SELECT count(*), count(DISTINCT session_id) FROM audit_row"
        " WHERE action = 'session.ended' AND outcome = 'success'"
    )
    assert ended == recorded == sessions > 0
