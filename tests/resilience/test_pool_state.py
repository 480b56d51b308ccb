"""What a process says of its connections: those that are open, and no others."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from resilience.pool import of
from tests.resilience.conftest import eventually
from tests.resilience.postgres import Doorway, ask, doorway_to, refused
from tests.servers.fault_proxy import FaultProxy

pytestmark = pytest.mark.usefixtures("unguarded")


@pytest.fixture
def proxy(postgres_server) -> Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", postgres_server.port)) as proxy:
        yield proxy


@pytest.fixture
def doorway(proxy) -> Iterator[Doorway]:
    with doorway_to(f"postgresql://plinto@127.0.0.1:{proxy.port}/plinto") as doorway:
        yield doorway


def size_and_idle(doorway: Doorway) -> tuple[int, int]:
    state = of(doorway.made[0])
    return state.size, state.available


def test_a_connection_without_a_pool_is_counted_while_it_is_open(doorway):
    wrapper = doorway.wrapper()
    wrapper.settings_dict["OPTIONS"]["pool"] = False
    assert of(wrapper).size == 0
    wrapper.ensure_connection()
    state = of(wrapper)
    assert (state.size, state.available, state.waiting, state.errors) == (1, 0, 0, 0)


def test_a_pool_that_was_never_opened_has_nothing_and_is_not_opened_by_the_question(doorway, proxy):
    wrapper = doorway.wrapper(min_size=2, max_size=3)
    threads = threading.active_count()
    state = of(wrapper)
    assert (state.size, state.available, state.waiting, state.max) == (0, 0, 0, 3)
    assert (proxy.connections, threading.active_count()) == (0, threads)


def test_connections_at_work_are_open_and_not_idle_and_whoever_waits_is_counted(doorway):
    lent = [doorway.wrapper(), doorway.wrapper()]
    for wrapper in lent:
        wrapper.ensure_connection()
    third = doorway.wrapper()
    waiter = threading.Thread(target=lambda: ask(third))
    waiter.start()
    eventually(lambda: of(lent[0]).waiting == 1)
    assert size_and_idle(doorway) == (2, 0)
    lent[0].close()
    waiter.join(10)
    eventually(lambda: size_and_idle(doorway) == (2, 1))


def test_a_pool_that_drains_has_only_what_is_at_work_until_it_connected_anew(doorway, proxy):
    lent, other = doorway.wrapper(min_size=2), doorway.wrapper()
    lent.ensure_connection()
    ask(other)
    eventually(lambda: size_and_idle(doorway) == (2, 1))
    proxy.set("latency:0.5")
    doorway.gate.drain()
    assert size_and_idle(doorway) == (1, 0)
    proxy.set("ok")
    lent.close()
    eventually(lambda: size_and_idle(doorway) == (2, 2))


def test_while_the_gate_is_shut_only_what_was_lent_before_is_open(doorway):
    lent, other = doorway.wrapper(min_size=2), doorway.wrapper()
    lent.ensure_connection()
    ask(other)
    eventually(lambda: size_and_idle(doorway) == (2, 1))
    doorway.gate.breaker.force_open()
    eventually(lambda: size_and_idle(doorway) == (1, 0))
    lent.close()
    eventually(lambda: size_and_idle(doorway) == (0, 0))
    assert of(lent).max == 2


def test_after_an_outage_the_figures_are_of_the_new_pool(doorway, proxy):
    wrapper = doorway.wrapper(max_size=1)
    ask(wrapper)
    proxy.set("refuse")
    refused(lambda: ask(wrapper))
    eventually(lambda: size_and_idle(doorway) == (0, 0))
    errors = of(wrapper).errors
    assert errors >= 1
    proxy.set("ok")
    eventually(lambda: doorway.gate.breaker.is_closed, seconds=10)
    ask(wrapper)
    eventually(lambda: size_and_idle(doorway) == (1, 1))
    assert of(wrapper).errors >= errors
