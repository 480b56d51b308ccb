"""The gate before PostgreSQL: what opens it, what does not, and how it comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.test import override_settings

from resilience import breakers
from resilience.circuit import State
from tests.resilience.conftest import at_once, eventually
from tests.resilience.postgres import Doorway, ask, doorway_to, refused
from tests.servers.fault_proxy import FaultProxy

# Promised in 0.2 s; the machines that run this have stopped for seconds.
AT_ONCE = 1.5


pytestmark = pytest.mark.usefixtures("unguarded")


@pytest.fixture
def doorway(postgres_server) -> Iterator[Doorway]:
    """Before the server itself."""
    with doorway_to(postgres_server.url) as doorway:
        yield doorway


@pytest.fixture
def proxy(postgres_server) -> Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", postgres_server.port)) as proxy:
        yield proxy


@pytest.fixture
def behind_proxy(proxy) -> Iterator[Doorway]:
    with doorway_to(f"postgresql://plinto@127.0.0.1:{proxy.port}/plinto") as doorway:
        yield doorway


def test_a_refused_connection_is_no_reason_to_wait(doorway, postgres_server):
    wrapper = doorway.wrapper(timeout=30)
    assert ask(wrapper) == 1
    postgres_server.kill()
    with override_settings(DB_POOL_TIMEOUT=30.0):
        seconds, _ = refused(lambda: ask(wrapper))
    assert seconds < AT_ONCE
    assert doorway.gate.breaker.standing.reason == "refused"


def test_while_the_gate_is_shut_nobody_knocks(behind_proxy, proxy):
    wrapper = behind_proxy.wrapper()
    ask(wrapper)
    behind_proxy.gate.breaker.force_open()
    before = proxy.connections
    for _ in range(20):
        assert "circuit open" in refused(lambda: ask(wrapper))[1]
    assert proxy.connections == before


def test_it_opens_again_by_itself_once_the_server_is_back(doorway, postgres_server):
    wrapper = doorway.wrapper()
    ask(wrapper)
    postgres_server.kill()
    refused(lambda: ask(wrapper))
    postgres_server.restart()
    eventually(lambda: doorway.gate.breaker.is_closed, seconds=10)
    assert ask(wrapper) == 1


def test_a_server_that_was_away_from_the_start_is_found_when_it_comes(behind_proxy, proxy):
    proxy.set("refuse")
    wrapper = behind_proxy.wrapper()
    assert refused(lambda: ask(wrapper))[0] < AT_ONCE
    proxy.set("ok")
    eventually(lambda: behind_proxy.gate.breaker.is_closed, seconds=10)
    assert ask(wrapper) == 1


def test_everybody_who_waits_is_told_when_the_gate_shuts(behind_proxy, proxy):
    wrappers = [behind_proxy.wrapper(max_size=4) for _ in range(4)]
    ask(wrappers[0])
    proxy.set("refuse")
    threads = iter(wrappers)
    with override_settings(DB_POOL_TIMEOUT=30.0):
        waits = at_once(4, lambda: refused(lambda: ask(next(threads)))[0])
    assert max(waits) < AT_ONCE


def test_connections_that_died_idle_are_replaced_unseen(behind_proxy, proxy):
    wrappers = [behind_proxy.wrapper(max_size=3, min_size=3) for _ in range(3)]
    for wrapper in wrappers:
        wrapper.ensure_connection()
    for wrapper in wrappers:
        wrapper.close()
    proxy.set("reset")
    proxy.set("ok")
    assert [ask(wrapper) for wrapper in wrappers] == [1, 1, 1]
    assert behind_proxy.gate.breaker.is_closed


def test_an_exhausted_pool_makes_one_wait_its_time_and_opens_nothing(doorway):
    lent = [doorway.wrapper(), doorway.wrapper()]
    for wrapper in lent:
        wrapper.ensure_connection()
    third = doorway.wrapper()
    with override_settings(DB_POOL_TIMEOUT=0.2):
        waits = [refused(lambda: ask(third))[0] for _ in range(6)]
    assert min(waits) >= 0.2
    assert doorway.gate.breaker.is_closed
    assert doorway.gate.breaker.failed_calls == 0
    lent[0].close()
    assert ask(third) == 1


def test_a_request_waits_for_connections_once_and_not_at_every_statement(doorway):
    lent = [doorway.wrapper(), doorway.wrapper()]
    for wrapper in lent:
        wrapper.ensure_connection()
    third = doorway.wrapper()
    with override_settings(DB_POOL_TIMEOUT=0.5):
        request_started.send(None)
        first = refused(lambda: ask(third))[0]
        others = [refused(lambda: ask(third))[0] for _ in range(4)]
        request_finished.send(None)
        outside = refused(lambda: ask(third))[0]
    assert first >= 0.5
    assert sum(others) < 0.5
    assert outside >= 0.5


def test_a_silent_server_is_given_up_and_then_not_asked(behind_proxy, proxy):
    wrappers = [behind_proxy.wrapper(max_size=3, min_size=3) for _ in range(3)]
    for wrapper in wrappers:
        wrapper.ensure_connection()
    for wrapper in wrappers:
        wrapper.close()
    proxy.set("blackhole")
    threads = iter(wrappers)
    waits = at_once(3, lambda: refused(lambda: ask(next(threads)))[0])
    assert max(waits) < 2 + AT_ONCE
    assert behind_proxy.gate.breaker.standing.reason == "silent"
    assert refused(lambda: ask(wrappers[0]))[0] < AT_ONCE
    proxy.set("ok")
    eventually(lambda: behind_proxy.gate.breaker.is_closed, seconds=10)
    assert ask(wrappers[0]) == 1


def test_a_statement_under_way_when_the_network_goes_ends_too(behind_proxy, proxy):
    with override_settings(DB_STATEMENT_TIMEOUT=0.5):
        # One connection: a second that is being made would fall silent, too.
        wrapper = behind_proxy.wrapper(max_size=1)
        wrapper.ensure_connection()
        proxy.set("blackhole")
        seconds, words = refused(lambda: ask(wrapper))
    assert 1.5 <= seconds < 1.5 + AT_ONCE
    assert "did not answer" in words
    assert behind_proxy.gate.breaker.failed_calls == 1


def test_a_late_answer_is_never_read_as_the_next_one(behind_proxy, proxy):
    with override_settings(DB_STATEMENT_TIMEOUT=0.2):
        wrapper = behind_proxy.wrapper(max_size=1)
        wrapper.ensure_connection()
        proxy.set("latency:1.5")
        refused(lambda: ask(wrapper, "SELECT 'of before'"))
        proxy.set("ok")
    eventually(lambda: behind_proxy.gate.breaker.is_closed, seconds=10)
    assert ask(wrapper, "SELECT 'of now'") == "of now"


def test_the_statements_of_a_request_share_one_budget(doorway):
    with override_settings(DB_STATEMENT_TIMEOUT=0.2):
        wrapper = doorway.wrapper()
        request_started.send(None)
        with wrapper.cursor() as cursor:
            for _ in range(2):
                cursor.execute("SELECT pg_sleep(0.5)")
            seconds, _ = refused(lambda: cursor.execute("SELECT pg_sleep(5)"))
        request_finished.send(None)
    assert seconds < AT_ONCE
    # A server that is slow is not one that is gone.
    assert doorway.gate.breaker.failed_calls == 0


def test_a_server_without_room_is_not_taken_for_one_that_is_gone(doorway, postgres_server):
    ask(doorway.wrapper(), "CREATE ROLE guest LOGIN CONNECTION LIMIT 1")
    with doorway_to(postgres_server.url.replace("plinto@", "guest@")) as guests:
        held = guests.wrapper()
        held.ensure_connection()
        with override_settings(DB_POOL_TIMEOUT=0.5):
            assert refused(lambda: ask(guests.wrapper()))[0] >= 0.5
        assert guests.gate.breaker.is_closed
        assert guests.gate.breaker.failed_calls == 0
        assert ask(held) == 1
    ask(doorway.made[0], "DROP ROLE guest")


def test_the_breaker_is_listed_with_the_others_and_obeys(doorway):
    wrapper = doorway.wrapper()
    assert ask(wrapper) == 1
    assert doorway.gate.breaker in breakers.every()
    doorway.gate.breaker.force_open(reason="rehearsal")
    assert "rehearsal" in refused(lambda: ask(wrapper))[1]
    doorway.gate.breaker.automatic()
    eventually(lambda: doorway.gate.breaker.standing.state is State.CLOSED, seconds=10)
    assert ask(wrapper) == 1
    doorway.gate.breaker.force_open()
    doorway.gate.breaker.reset()
    assert ask(wrapper) == 1


def test_a_connection_outside_the_pool_passes_no_breaker(doorway):
    wrapper = doorway.wrapper()
    ask(wrapper)
    doorway.gate.breaker.force_open()
    wrapper.settings_dict["OPTIONS"]["pool"] = False
    assert ask(wrapper) == 1


def test_no_thread_of_a_closed_pool_goes_on(doorway):
    wrapper = doorway.wrapper()
    ask(wrapper)
    name = doorway.gate.pool(lambda: pytest.fail("It has one.")).name
    doorway.gate.breaker.trip(reason="test")
    eventually(
        lambda: not [one for one in threading.enumerate() if one.name.startswith(f"{name}-")]
    )
