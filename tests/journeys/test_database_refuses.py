"""PostgreSQL answers, and refuses: it is read-only, its disk is full, or it has no room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import psycopg
import pytest

from tests.factories import PASSWORD
from tests.journeys.ledger import summary
from tests.journeys.refusals import Crowd, anyone, is_ours, is_well, statuses, wait_until_well
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.fault_proxy import FaultProxy
from tests.servers.postgres import PostgresServer
from tests.servers.small_disk import SmallDisk, small_disk

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("database")]

# Promised ten seconds after a server takes writes again, five after it lets anybody in; twice
# that, and a few seconds more for each answer, on machines that have stopped for seconds.
WELL_WITHIN, SLACK = 20.0, 3.0
WAIT_FOR_A_CONNECTION = 2.0
SLOTS = 24
# Both pools, both reporters and the looks of both health pages, each with its pauses.
ATTEMPTS_A_SECOND = 12


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer.start(max_connections=str(SLOTS)) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(postgres: PostgresServer) -> Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", postgres.port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def deployment(postgres: PostgresServer, proxy: FaultProxy) -> Iterator[World]:
    with deployed(postgres, proxy=proxy, DB_POOL_TOTAL="8") as world:
        yield world


@pytest.fixture
def world(deployment: World) -> World:
    return wait_until_well(deployment)


@contextmanager
def read_only(world: World) -> Iterator[None]:
    """Let the server refuse writes, as the one that has just lost its office does."""
    try:
        world.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        world.sql("SELECT pg_reload_conf()")
        eventually(lambda: world.sql("SHOW transaction_read_only") == [("on",)], seconds=10)
        yield
    finally:
        world.sql("ALTER SYSTEM RESET default_transaction_read_only")
        world.sql("SELECT pg_reload_conf()")


def test_a_read_only_database_answers_reads_and_refuses_writes_until_it_takes_them(world, figure):
    visitor, people = anyone(world), Crowd(world)
    assert visitor.sign_in().status == 200
    reads = [visitor.me, lambda: visitor.send("GET", "/sessions")] * 4
    body = {"email": "new@example.com", "password": PASSWORD}
    writes = [
        visitor.go_on,
        visitor.sign_in,
        lambda: visitor.send("PATCH", "/me", {"name": "New"}),
        lambda: visitor.send("DELETE", f"/sessions/{visitor.session_id}"),
        lambda: visitor.caller.send("POST", "/api/v1/auth/register", body),
    ] * 2
    with people.living():
        time.sleep(1)
        with read_only(world):
            answers = [ask() for ask in writes]
            assert [answer.content for answer in answers if not is_ours(answer)] == []
            assert {ask().status for ask in reads} == {200}
            assert statuses(world, "/health/live") == {200}
            eventually(lambda: statuses(world, "/health/ready") == {503}, seconds=5)
        back = time.monotonic()
        eventually(lambda: is_well(world) and visitor.go_on().status == 200, seconds=WELL_WITHIN)
        figure(f"writes again {time.monotonic() - back:.1f} s after the server takes them")
        time.sleep(1)
    figure(f"writes meanwhile: {summary(answers)}; others {people.report()}")
    assert people.wrong == []
    assert people.broken_promises() == []
    assert visitor.me().body["name"] == ""


@contextmanager
def crowded(postgres: PostgresServer) -> Iterator[None]:
    """Hold every connection that the server has, each taken by an outsider."""
    with ExitStack() as held:

        def take() -> psycopg.Connection:
            return held.enter_context(closing(psycopg.connect(postgres.url, autocommit=True)))

        outsiders = [take()]
        deadline = time.monotonic() + 30
        while len(outsiders) < SLOTS:
            assert time.monotonic() < deadline
            try:
                outsiders.append(take())
            except psycopg.OperationalError:
                outsiders[0].execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> ALL (%s)",
                    ([one.info.backend_pid for one in outsiders],),
                )
        yield


def test_a_server_without_room_is_not_hammered_and_used_again_once_it_has_some(
    world, postgres, proxy, figure
):
    people = Crowd(world, size=4)
    with people.living():
        time.sleep(1)
        with crowded(postgres):
            before, began = proxy.connections, time.monotonic()
            time.sleep(6)
            assert statuses(world, "/health/live") == {200}
            assert statuses(world, "/.well-known/jwks.json") == {200}
            attempts = (proxy.connections - before) / (time.monotonic() - began)
            refused = len(people.refusals())
        back = time.monotonic()
        eventually(lambda: is_well(world), seconds=WELL_WITHIN)
        figure(f"well {time.monotonic() - back:.1f} s after there was room")
        time.sleep(1)
    last = max(answer.began + answer.seconds for answer in people.refusals())
    figure(f"{people.report()}; last refusal {last - back:.1f} s after there was room")
    figure(f"{attempts:.1f} attempts to connect a second, {refused} refusals in 6 s")
    assert people.wrong == []
    assert refused > 0
    assert attempts < ATTEMPTS_A_SECOND
    assert max(answer.seconds for answer in people.refusals()) < WAIT_FOR_A_CONNECTION + SLACK
    assert people.broken_promises() == []


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(mib=160) as disk:
        yield disk


def write_log_without_end(connection: psycopg.Connection) -> None:
    """Fill files of the log until the server gives up: without a log nothing may go on."""
    with suppress(psycopg.OperationalError):
        while True:
            connection.execute("SELECT pg_logical_emit_message(false, '', repeat('-', 8388608))")


@pytest.mark.parametrize("is_log_lost", [False, True], ids=["tables", "log"])
def test_with_a_full_disk_writes_are_refused_and_nothing_acknowledged_is_lost(
    disk, figure, is_log_lost: bool
):
    with (
        PostgresServer.start(disk=disk.path) as postgres,
        deployed(postgres) as world,
    ):
        people = Crowd(wait_until_well(world))
        with people.living(), closing(psycopg.connect(world.database_url)) as connection:
            time.sleep(1)
            with disk.full():
                eventually(lambda: len(people.refusals()) > 10, seconds=60)
                if is_log_lost:
                    write_log_without_end(connection)
                    time.sleep(2)
                assert statuses(world, "/health/live") == {200}
                assert statuses(world, "/.well-known/jwks.json") == {200}
            fate = "survived" if postgres.is_running else "ended"
            postgres.heal()
            back = time.monotonic()
            eventually(lambda: is_well(world), seconds=WELL_WITHIN)
            figure(f"the server {fate}; well {time.monotonic() - back:.1f} s after it had room")
            time.sleep(1)
        figure(people.report())
        assert people.wrong == []
        assert "PANIC" in postgres.log() or not is_log_lost
        assert people.broken_promises() == []
