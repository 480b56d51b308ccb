"""From the sealed trail to messages: each event, for each endpoint that asked, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditRow, ChainHead
from resilience.worker import Shift
from tests.races import at_once
from tests.webhooks.trail import an_endpoint, an_organization, fan_out, sealed, told
from webhooks.models import Delivery, Endpoint, Position
from webhooks.services.fanout import FanOut

pytestmark = pytest.mark.django_db


def ids(rows: list[AuditRow]) -> list[object]:
    return [row.pk for row in rows]


def test_an_endpoint_is_told_of_its_own_organization_and_of_no_other() -> None:
    mine, other = an_organization(), an_organization()
    endpoint = an_endpoint(organization_id=mine)
    rows = sealed(mine, many=3)
    sealed(other)
    sealed()

    fan_out()

    assert told(endpoint) == ids(rows)


def test_what_happened_before_an_endpoint_was_made_is_not_told_however_late_it_is_sealed() -> None:
    mine = an_organization()
    endpoint = an_endpoint(organization_id=mine)
    sealed(mine, occurred_at=endpoint.created_at - timedelta(minutes=6))
    recent = sealed(mine, occurred_at=endpoint.created_at - timedelta(minutes=4))

    fan_out()

    assert told(endpoint) == ids(recent)
    assert Position.objects.get(endpoint=endpoint).sequence == 2


def test_what_was_not_asked_for_is_passed_over_and_not_read_again() -> None:
    mine = an_organization()
    endpoint = an_endpoint(organization_id=mine, events=["session.*"])
    [session] = sealed(mine, action="session.started")
    sealed(mine, action="user.created")

    fan_out()

    assert told(endpoint) == [session.pk]
    assert Position.objects.get(endpoint=endpoint).sequence == 2
    assert fan_out() == 0


def test_an_endpoint_of_all_is_told_of_every_row_of_every_chain() -> None:
    siem = an_endpoint(events=["audit.recorded"])
    rows = sealed(
        an_organization(), many=2, action="session.refused", outcome="refused", reason="x"
    )
    rows += sealed(action="circuit.reset")

    fan_out()

    assert set(told(siem)) == set(ids(rows))
    assert set(Delivery.objects.values_list("type", flat=True)) == {"audit.recorded"}


def test_an_endpoint_of_all_with_much_to_read_keeps_no_organization_waiting() -> None:
    an_endpoint(events=["audit.recorded"])
    mine = an_organization()
    endpoint = an_endpoint(organization_id=mine)
    rows = sealed(mine)
    for _ in range(40):
        sealed(an_organization())

    FanOut().run_due(Shift())

    assert told(endpoint) == ids(rows)


def test_a_paused_endpoint_stands_still_and_catches_up_when_it_is_enabled() -> None:
    mine = an_organization()
    paused = {"state": "paused", "paused_at": timezone.now(), "paused_because": "by_hand"}
    endpoint = an_endpoint(organization_id=mine, **paused)
    rows = sealed(mine, many=2)

    assert (fan_out(), told(endpoint)) == (0, [])
    Endpoint.objects.update(state="active", paused_at=None, paused_because="")
    fan_out()

    assert told(endpoint) == ids(rows)


def test_reading_on_from_a_position_repeats_nothing() -> None:
    mine = an_organization()
    endpoint = an_endpoint(organization_id=mine)
    sealed(mine, many=2)
    Position.objects.create(endpoint=endpoint, chain=mine, sequence=2)
    rows = sealed(mine, many=2)

    fan_out()

    assert told(endpoint) == ids(rows)


def test_a_piece_that_was_told_already_is_not_told_again() -> None:
    mine = an_organization()
    endpoint = an_endpoint(organization_id=mine)
    rows = sealed(mine, many=2)
    fan_out()
    Position.objects.update(sequence=0)  # as if the position had been lost

    fan_out()

    assert told(endpoint) == ids(rows)


def test_rows_that_retention_removed_hold_up_nothing() -> None:
    mine = an_organization()
    endpoint = an_endpoint(organization_id=mine)
    sealed(mine)
    ChainHead.objects.filter(chain=mine).update(sequence=9)  # two to nine are gone

    fan_out()

    assert Position.objects.get(endpoint=endpoint).sequence == 9


@pytest.mark.django_db(transaction=True)
def test_workers_that_read_at_the_same_time_tell_each_event_once() -> None:
    organizations = [an_organization() for _ in range(3)]
    endpoints = [an_endpoint(organization_id=each) for each in organizations]
    siem = an_endpoint(events=["*"])
    rows = [sealed(each, many=20) for each in organizations]

    at_once(lambda _: fan_out(), times=4)
    fan_out()

    assert [told(endpoint) for endpoint in endpoints] == [ids(each) for each in rows]
    assert sorted(told(siem)) == sorted(pk for each in rows for pk in ids(each))


@pytest.mark.django_db(transaction=True)
def test_a_long_backlog_is_read_in_bounded_pieces() -> None:
    mine = an_organization()
    endpoint = an_endpoint(organization_id=mine)
    rows = sealed(mine, many=10)

    assert FanOut(piece=4).run_due(Shift()) == 4
    fan_out()

    assert told(endpoint) == ids(rows)
