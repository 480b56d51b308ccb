"""
A refresh takes its connection to PostgreSQL unasked; what becomes of it when that one is dead.

A client that lost its answer would show its token again, and after the grace count as a thief.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.journeys.clients import Visitor
from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = pytest.mark.journey

_BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.fixture
def world(deploy: Callable[..., World]) -> World:
    return deploy(WEB_WORKERS="1")


@pytest.fixture
def visitor(world: World) -> Visitor:
    [email] = world.populate(1)
    visitor = world.visitor(email)
    assert visitor.sign_in().status == 200
    return visitor


def end_all(world: World, and_where: str = "") -> int:
    """Let the server close connections, as an administrator would, and say how many."""
    ended = world.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM ({_BACKENDS} {and_where}) AS b")
    return len(ended)


def rotations(world: World) -> int:
    [[count]] = world.sql("SELECT count(*) FROM audit_row WHERE action = 'session.refreshed'")
    return int(count)


def test_connections_that_died_while_they_lay_ready_cost_no_refresh(world, visitor):
    for number in range(1, 6):
        assert end_all(world) > 0
        assert visitor.go_on().status == 200
        assert rotations(world) == number
    assert visitor.me().status == 200


def test_a_connection_that_dies_in_the_middle_costs_no_refresh(world, visitor):
    with psycopg.connect(world.database_url) as other, ThreadPoolExecutor(1) as elsewhere:
        other.execute("SELECT FROM accounts_session FOR UPDATE")
        refresh = elsewhere.submit(visitor.go_on)
        assert eventually(
            lambda: (
                end_all(world, "AND wait_event_type = 'Lock' AND strpos(query, 'rotated') > 0") > 0
            ),
            seconds=5,
        )
        other.rollback()
        assert refresh.result(timeout=10).status == 200
    assert rotations(world) == 1
    assert visitor.go_on().status == 200
