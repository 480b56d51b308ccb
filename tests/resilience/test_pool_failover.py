"""A primary that takes no writes any more is left for the one that does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from django import db

from tests.resilience.postgres import Doorway, ask, doorway_to
from tests.servers.postgres import PostgresServer

# A new primary is promised to be in use within 10 seconds of taking writes.
FOUND_WITHIN = 10.0


pytestmark = pytest.mark.usefixtures("unguarded")


@pytest.fixture(scope="module")
def _second_server() -> Iterator[PostgresServer]:
    with PostgresServer.start() as server:
        yield server


@pytest.fixture
def servers(postgres_server, _second_server) -> Iterator[list[PostgresServer]]:
    """The primary, and one that follows it; both take writes after the test."""
    both = [postgres_server, _second_server]
    follow(_second_server)
    yield both
    for server in both:
        server.heal()
        lead(server)


@pytest.fixture
def doorway(servers) -> Iterator[Doorway]:
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    url = f"postgresql://plinto@{hosts}/plinto?target_session_attrs=read-write"
    with doorway_to(url) as doorway:
        yield doorway


def follow(server: PostgresServer) -> None:
    """Let ``server`` refuse writes, also on connections that are open."""
    _configure(server, "SET default_transaction_read_only = on")


def lead(server: PostgresServer) -> None:
    _configure(server, "RESET default_transaction_read_only")


def _configure(server: PostgresServer, change: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM {change}")
        connection.execute("SELECT pg_reload_conf()")
    wanted = "on" if "= on" in change else "off"
    for _ in range(500):
        with psycopg.connect(server.url, autocommit=True) as connection:
            [found] = connection.execute("SHOW default_transaction_read_only").fetchone()
        if found == wanted:
            return
        time.sleep(0.01)
    raise AssertionError("The server did not change in time.")


def write(doorway: Doorway) -> object:
    """Write something, and return the port of the server that took it."""
    ask(doorway.made[0], "CREATE TABLE IF NOT EXISTS written_here ()")
    return ask(doorway.made[0], "SELECT inet_server_port()")


def seconds_until_written(doorway: Doorway) -> tuple[float, object]:
    began = time.monotonic()
    while True:
        try:
            return time.monotonic() - began, write(doorway)
        except db.Error:
            assert time.monotonic() - began < FOUND_WITHIN, "No primary was found in time."
            time.sleep(0.05)


def test_a_primary_that_has_become_read_only_is_left_for_the_new_one(doorway, servers, figure):
    old, new = servers
    # Three connections in use, of which one meets the refusal.
    wrappers = [doorway.wrapper(max_size=3, min_size=3) for _ in range(3)]
    for wrapper in wrappers:
        wrapper.ensure_connection()
    for wrapper in wrappers:
        wrapper.close()
    assert write(doorway) == old.port
    follow(old)
    lead(new)
    with pytest.raises(db.InternalError, match="read-only"):
        ask(wrappers[0], "CREATE TABLE refused_here ()")
    seconds, port = seconds_until_written(doorway)
    figure(f"{seconds:.2f} s until writes go to the new primary")
    assert port == new.port
    assert {ask(each, "SELECT inet_server_port()") for each in wrappers} == {new.port}


def test_a_primary_that_died_is_left_for_the_new_one(doorway, servers):
    old, new = servers
    doorway.wrapper()
    assert write(doorway) == old.port
    old.kill()
    lead(new)
    assert seconds_until_written(doorway)[1] == new.port


def test_while_nobody_takes_writes_the_gate_is_shut_and_the_first_who_does_opens_it(
    doorway, servers
):
    old, new = servers
    doorway.wrapper()
    write(doorway)
    follow(old)
    deadline = time.monotonic() + 10
    while doorway.gate.breaker.is_closed and time.monotonic() < deadline:
        with suppress(db.Error):
            write(doorway)
    assert doorway.gate.breaker.standing.reason == "readonly"
    lead(new)
    assert seconds_until_written(doorway)[1] == new.port
