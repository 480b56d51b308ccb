from __future__ import annotations

from datetime import timedelta

import pytest

from resilience import history, presence
from resilience.models import CircuitOrder, CircuitTransition, Process
from resilience.orders import Act
from resilience.overview import GONE_AFTER
from resilience.presence import Life
from tests.resilience.rows import GONE, NOW, process, transition

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def show(life: Life, *, now=NOW, **columns) -> Process:
    presence.show(life, **{"figures": {"circuits": []}, "unsettled": 0, "now": now, **columns})
    return Process.objects.get(pk=life.id)


def test_a_process_has_one_row_that_it_keeps_up_to_date():
    life = Life(kind=presence.Kind.WORKER)
    show(life)
    row = show(life, now=NOW + timedelta(seconds=5), unsettled=3)
    assert (row.kind, row.host, row.pid) == ("worker", life.host, life.pid)
    assert (row.seen_at, row.unsettled) == (NOW + timedelta(seconds=5), 3)
    assert Process.objects.count() == 1


def test_a_process_whose_row_was_deleted_meanwhile_writes_it_anew():
    life = Life()
    show(life)
    Process.objects.all().delete()
    assert show(life).pid == life.pid


def test_web_processes_are_counted_until_45_seconds_of_silence():
    process(seen=GONE_AFTER - timedelta(seconds=1))
    process(seen=GONE_AFTER)
    process(ended_at=NOW)
    process(kind="worker")
    assert presence.look_around(now=NOW).live_web == 1


def test_the_debt_of_a_dead_process_is_taken_over_once():
    dead = process(seen=GONE, unsettled=7)
    heirs = [process(), process()]
    debtors = presence.look_around(now=NOW).debtors
    taken = [presence.inherit(debtors, heir=heir.pk, now=NOW) for heir in heirs]
    assert (debtors, taken) == ([dead.pk], [7, 0])


def test_the_heir_owes_what_it_took_over_in_its_own_row():
    process(seen=GONE, unsettled=7)
    heir = process(unsettled=2)
    presence.inherit(presence.look_around(now=NOW).debtors, heir=heir.pk, now=NOW)
    heir.refresh_from_db()
    assert heir.unsettled == 9


def test_a_goodbye_with_unsettled_keys_leaves_a_debt_too():
    left = process(ended_at=NOW, unsettled=1)
    assert presence.look_around(now=NOW).debtors == [left.pk]


def test_a_living_process_keeps_its_own_debt():
    alive = process(unsettled=4)
    assert presence.look_around(now=NOW).debtors == []
    assert presence.inherit([alive.pk], heir=process().pk, now=NOW) == 0


def test_rows_are_deleted_a_day_after_the_process_unless_it_left_a_debt():
    process(seen=DAY * 2)
    recent, debtor = process(seen=DAY / 2), process(seen=DAY * 2, unsettled=1)
    assert presence.trim(now=NOW) == 1
    assert set(Process.objects.values_list("pk", flat=True)) == {recent.pk, debtor.pk}


def test_transitions_are_deleted_after_a_week():
    transition(ago=DAY * 8)
    kept = transition(ago=DAY * 6)
    assert history.trim(now=NOW) == 1
    assert CircuitTransition.objects.get() == kept


def test_an_order_is_deleted_after_a_week_only_if_a_later_one_replaced_it():
    ancient = {"breaker": "redis:default", "act": Act.FORCE_OPEN, "ordered_at": NOW - DAY * 9}
    CircuitOrder.objects.create(**ancient)
    standing = CircuitOrder.objects.create(**ancient)
    assert history.trim(now=NOW) == 1
    assert CircuitOrder.objects.get() == standing
