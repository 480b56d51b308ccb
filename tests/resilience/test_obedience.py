from __future__ import annotations

import os
from datetime import timedelta

import pytest

from resilience import breakers
from resilience.circuit import State
from resilience.models import CircuitOrder
from resilience.obedience import Obedience
from resilience.orders import Act
from tests.resilience.conftest import eventually
from tests.resilience.rows import NOW

SOON = timedelta(seconds=0.2)


@pytest.fixture
def breaker():
    yield breakers.replace("test")
    breakers.forget("test")


@pytest.fixture
def obedience(breaker):
    """One that has met the breaker, before there was any order."""
    obedience = Obedience()
    obedience.follow([], now=NOW)
    yield obedience
    obedience.stop()


def order(number: int, act: Act, **columns: object) -> CircuitOrder:
    return CircuitOrder(id=number, breaker="test", act=act, ordered_at=NOW, **columns)


def test_a_forced_state_is_taken_up_with_its_reason(obedience, breaker):
    obedience.follow([order(1, Act.FORCE_OPEN, reason="drill")], now=NOW)
    assert (breaker.standing.state, breaker.standing.is_forced) == (State.OPEN, True)
    assert breaker.standing.reason == "drill"


def test_an_order_is_obeyed_once(obedience, breaker):
    orders = [order(1, Act.FORCE_OPEN)]
    obedience.follow(orders, now=NOW)
    generation = breaker.standing.generation
    obedience.follow(orders, now=NOW)
    assert breaker.standing.generation == generation


def test_a_release_ends_a_forced_state(obedience, breaker):
    obedience.follow([order(1, Act.FORCE_CLOSED)], now=NOW)
    obedience.follow([order(2, Act.AUTOMATIC)], now=NOW)
    assert (breaker.is_closed, breaker.standing.is_forced) == (True, False)


def test_a_reset_closes_a_breaker_that_opened_by_itself(obedience, breaker):
    breaker.trip(reason="down")
    obedience.follow([order(1, Act.RESET)], now=NOW)
    assert breaker.is_closed


def test_a_process_that_starts_during_a_rehearsal_adopts_it(breaker):
    newcomer = Obedience()
    newcomer.follow([order(1, Act.FORCE_OPEN, ends_at=NOW + timedelta(minutes=1))], now=NOW)
    assert breaker.standing.is_forced
    newcomer.stop()


def test_a_breaker_made_later_obeys_too(obedience):
    standing = [order(1, Act.FORCE_OPEN)]
    obedience.follow(standing, now=NOW)
    later = breakers.replace("test")
    obedience.follow(standing, now=NOW)
    assert later.standing.is_forced


@pytest.mark.parametrize("act", [Act.AUTOMATIC, Act.RESET])
def test_a_newcomer_leaves_alone_what_was_meant_for_others(breaker, act):
    breaker.trip(reason="down")
    Obedience().follow([order(1, act)], now=NOW)
    assert breaker.standing.reason == "down"


def test_a_newcomer_ignores_a_rehearsal_that_is_over(breaker):
    Obedience().follow([order(1, Act.FORCE_OPEN, ends_at=NOW)], now=NOW)
    assert breaker.is_closed


def test_a_rehearsal_ends_by_itself_although_no_order_is_read_any_more(obedience, breaker):
    obedience.follow([order(1, Act.FORCE_CLOSED, ends_at=NOW + SOON)], now=NOW)
    assert breaker.standing.is_forced
    eventually(lambda: not breaker.standing.is_forced)


def test_the_end_of_a_rehearsal_does_not_end_what_was_ordered_after_it(obedience, breaker):
    obedience.follow([order(1, Act.FORCE_OPEN, ends_at=NOW + timedelta(minutes=1))], now=NOW)
    obedience.follow([order(2, Act.FORCE_OPEN)], now=NOW)
    obedience._end(breaker, 1)  # as a timer that was already firing would
    assert breaker.standing.is_forced


def test_an_order_first_read_after_its_end_frees_what_the_one_before_forced(obedience, breaker):
    obedience.follow([order(1, Act.FORCE_OPEN)], now=NOW)
    obedience.follow([order(2, Act.FORCE_CLOSED, ends_at=NOW)], now=NOW)
    assert not breaker.standing.is_forced


def test_a_fork_in_open_starts_closed_and_obeys_anew(obedience, breaker):
    standing = [order(1, Act.FORCE_OPEN)]
    obedience.follow(standing, now=NOW)
    child = os.fork()
    if child == 0:
        was_closed = breaker.is_closed
        obedience.follow(standing, now=NOW)
        os._exit(0 if was_closed and breaker.standing.is_forced else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
