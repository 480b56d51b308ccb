from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from resilience import orders
from resilience.errors import UnknownBreaker
from resilience.models import CircuitOrder
from resilience.orders import Act
from tests.resilience.rows import NOW, circuit, process

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _a_process():
    process(circuit("redis:default"), circuit("webhook:7"))


def give(breaker="redis:default", act=Act.FORCE_OPEN, *, now=NOW, ends_at=None) -> CircuitOrder:
    return orders.give(
        breaker, act=act, reason="drill", by="alice@example.com", now=now, ends_at=ends_at
    )


def test_a_forced_state_stands_until_another_order():
    give(now=NOW - timedelta(days=30))
    (order,) = orders.standing(now=NOW).values()
    assert (order.breaker, order.act, order.reason) == ("redis:default", "force_open", "drill")
    assert (order.ordered_by, order.ends_at) == ("alice@example.com", None)


@pytest.mark.parametrize("act", [Act.AUTOMATIC, Act.RESET])
def test_after_a_release_or_a_reset_nothing_stands(act):
    give()
    give(act=act)
    assert orders.standing(now=NOW) == {}


def test_a_rehearsal_stands_until_its_end():
    give(ends_at=NOW + MINUTE)
    assert "redis:default" in orders.standing(now=NOW + MINUTE / 2)
    assert orders.standing(now=NOW + MINUTE) == {}


def test_a_rehearsal_that_ended_does_not_bring_back_the_order_before_it():
    give(act=Act.FORCE_CLOSED)
    give(ends_at=NOW + MINUTE)
    assert orders.standing(now=NOW + 2 * MINUTE) == {}


def test_breakers_have_orders_of_their_own():
    give("redis:default")
    give("webhook:7", Act.FORCE_CLOSED)
    acts = {name: order.act for name, order in orders.standing(now=NOW).items()}
    assert acts == {"redis:default": "force_open", "webhook:7": "force_closed"}


def test_a_breaker_that_no_process_has_takes_no_order():
    with pytest.raises(UnknownBreaker):
        give("redis:defualt")
    assert not CircuitOrder.objects.exists()


def test_a_breaker_whose_last_process_is_gone_can_still_be_released():
    give("webhook:7")
    later = NOW + timedelta(days=2)
    give("webhook:7", Act.AUTOMATIC, now=later)
    assert orders.standing(now=later) == {}


@pytest.mark.parametrize("act", [Act.AUTOMATIC, Act.RESET])
def test_only_a_forced_state_can_have_an_end(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        give(act=act, ends_at=NOW + MINUTE)
