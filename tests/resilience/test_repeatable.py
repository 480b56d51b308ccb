"""Work that may be done twice goes without the question whether its connection lives."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django import db

from resilience.postgres.base import DatabaseWrapper
from tests.resilience.postgres import Doorway, ask, doorway_to, refused
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.usefixtures("unguarded")


@pytest.fixture
def doorway(postgres_server) -> Iterator[Doorway]:
    with doorway_to(postgres_server.url) as doorway:
        yield doorway
    postgres_server.heal()


@pytest.fixture
def wrapper(doorway) -> DatabaseWrapper:
    """Of a pool with one connection that lies ready."""
    wrapper = doorway.wrapper(max_size=1)
    ask(wrapper)
    return wrapper


def told(wrapper: DatabaseWrapper, statement: str, tries: list[str]) -> Callable[[], object]:
    def work() -> object:
        tries.append(statement)
        with wrapper.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    return work


def end(backend: object, server: PostgresServer) -> None:
    """Let the server close a connection, as an administrator would."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


@contextmanager
def questions(wrapper: DatabaseWrapper) -> Iterator[list[str]]:
    """Collect what the connection of the pool is asked in the block, as libpq traces it."""
    found: list[str] = []
    wrapper.ensure_connection()
    line = wrapper.connection.pgconn
    wrapper.close()
    with tempfile.TemporaryFile("w+") as file:
        line.trace(file.fileno())
        yield found
        line.untrace()
        file.seek(0)
        found += [each.split("\t")[-1].strip() for each in file if "\tQuery\t" in each]


def test_a_connection_that_lies_ready_is_not_asked_first(wrapper):
    with questions(wrapper) as unasked:
        assert wrapper.again_if_lost(told(wrapper, "SELECT 7", [])) == 7
        wrapper.close()
    with questions(wrapper) as asked:
        ask(wrapper, "SELECT 7")
    assert (unasked, asked) == (['"SELECT 7"'], ['""', '"SELECT 7"'])


def test_work_whose_connection_was_ended_is_done_on_another(wrapper, postgres_server):
    gone = ask(wrapper, "SELECT pg_backend_pid()")
    end(gone, postgres_server)
    tries: list[str] = []
    found = wrapper.again_if_lost(told(wrapper, "SELECT pg_backend_pid()", tries))
    assert found != gone
    assert len(tries) == 2


def test_a_server_that_is_silent_is_told_from_one_that_is_slow(wrapper, doorway, postgres_server):
    tries: list[str] = []
    assert wrapper.again_if_lost(told(wrapper, "SELECT 1 FROM pg_sleep(1.5)", tries)) == 1
    assert len(tries) == 2
    wrapper.close()
    assert doorway.gate.breaker.failure_count == 0
    postgres_server.stall()
    began = time.monotonic()
    refused(lambda: wrapper.again_if_lost(told(wrapper, "SELECT 1", [])))
    assert time.monotonic() - began < 8


def test_an_error_of_the_statement_is_raised_and_nothing_is_done_twice(wrapper):
    tries: list[str] = []
    cancelled = "DO $$ BEGIN RAISE SQLSTATE '57014'; END $$"
    with pytest.raises(db.OperationalError):
        wrapper.again_if_lost(told(wrapper, cancelled, tries))
    assert len(tries) == 1


def test_on_a_connection_that_is_in_use_work_is_done_once(wrapper, postgres_server):
    wrapper.ensure_connection()
    end(wrapper.connection.info.backend_pid, postgres_server)
    tries: list[str] = []
    refused(lambda: wrapper.again_if_lost(told(wrapper, "SELECT 1", tries)))
    assert len(tries) == 1
