"""What was sent to an endpoint, as its organization sees it, and sending it once more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditRow
from resilience.leases import State
from tests.accounts.organizations import Club
from tests.audit.rows import told
from tests.races import at_once
from tests.webhooks.club_endpoints import ClubEndpoint, sent
from webhooks.models import Delivery
from webhooks.services import redelivery

pytestmark = pytest.mark.usefixtures("transactional_db", "signing_key")


@pytest.fixture
def receiver(api) -> ClubEndpoint:
    return ClubEndpoint(Club(api))


def again(receiver, delivery):
    return receiver.send("POST", f"/deliveries/{delivery.pk}/redeliver")


def test_the_log_shows_how_each_delivery_fared_and_its_latest_tries(receiver):
    arrived = sent(receiver.id, tries=1)
    failed = sent(receiver.id, state=State.ABANDONED, tries=5, type="role.created")
    waiting = sent(receiver.id, state=State.DUE, tries=0)
    found = receiver.deliveries()["results"]
    assert [(each["id"], each["state"], each["tries"]) for each in found] == [
        (str(waiting.pk), "pending", 0),
        (str(failed.pk), "failed", 5),
        (str(arrived.pk), "delivered", 1),
    ]
    assert [each["next_at"] is None for each in found] == [False, True, True]
    assert found[1]["event_id"] == str(failed.event_id)
    latest = found[1]["latest"]
    assert [each["milliseconds"] for each in latest] == [4, 3, 2]
    assert (latest[0]["status"], latest[0]["error"], latest[0]["body"]) == (500, "", "sorry")


def test_the_log_is_cut_by_state_and_type_and_read_in_pages(receiver):
    for number in range(6):
        state = State.ABANDONED if number % 2 else State.SETTLED
        sent(receiver.id, state=state, type="role.created" if number < 3 else "role.deleted")
    sent(ClubEndpoint(receiver.club).id)
    assert len(receiver.deliveries()["results"]) == 6
    failed = receiver.deliveries("?state=failed")["results"]
    assert {each["state"] for each in failed} == {"failed"}
    assert len(failed) == 3
    both = receiver.deliveries("?state=failed&type=role.created")["results"]
    assert [(each["state"], each["type"]) for each in both] == [("failed", "role.created")]
    first = receiver.deliveries("?state=failed&limit=2")
    rest = receiver.deliveries(f"?state=failed&limit=2&cursor={first['next']}")
    assert first["results"] + rest["results"] == failed
    for query in ("?state=due", "?state=", "?type=nothing", "?limit=0"):
        assert receiver.send("GET", f"/deliveries{query}").status_code == 422


def test_fifty_deliveries_cost_what_five_do(receiver):
    def cost():
        receiver.deliveries("?limit=100")  # what the person may do is known from here on
        with CaptureQueriesContext(
            connection,
        ) as found:
            shown = receiver.deliveries("?limit=100")["results"]
        return len(shown), len(found)

    for _ in range(5):
        sent(receiver.id, tries=4)
    few, cost_of_few = cost()
    for _ in range(45):
        sent(receiver.id, tries=4)
    many, cost_of_many = cost()
    assert (few, many) == (5, 50)
    assert cost_of_few == cost_of_many


@pytest.mark.parametrize("state", [State.SETTLED, State.ABANDONED])
def test_a_delivery_is_sent_once_more_from_the_start_of_the_schedule(receiver, state):
    delivery = sent(receiver.id, state=state, tries=9, last_error="timeout")
    answer = again(receiver, delivery)
    assert answer.status_code == 202, answer.content
    assert (answer.json()["state"], answer.json()["tries"]) == ("pending", 0)
    row = Delivery.objects.get()
    assert (row.event_id, row.state, row.attempts) == (delivery.event_id, State.DUE, 0)
    assert (row.settled_at, row.lease, row.last_error) == (None, None, "")
    assert row.due_at == row.scheduled_at > delivery.due_at
    assert row.log.count() == 9
    recorded = AuditRow.objects.get(action="endpoint.redelivered")
    assert told(recorded).changes == {"delivery": [None, str(delivery.pk)]}


def test_what_is_on_its_way_is_left_alone(receiver):
    later = timezone.now() + timedelta(hours=5)
    delivery = sent(receiver.id, state=State.DUE, due_at=later)
    answer = again(receiver, delivery)
    assert (answer.status_code, answer.json()["error"]) == (409, "DELIVERY_UNDER_WAY")
    assert Delivery.objects.get().due_at == later


def test_of_those_who_send_it_again_at_once_one_does(receiver):
    delivery = sent(receiver.id, state=State.ABANDONED)
    answers = at_once(lambda _: again(receiver, delivery).status_code, times=5)
    assert sorted(answers) == [202, 409, 409, 409, 409]


def test_a_paused_endpoint_is_sent_nothing_again(receiver):
    delivery = sent(receiver.id, state=State.ABANDONED)
    receiver.change(state="paused")
    body = {"since": "2026-01-01T00:00:00Z"}
    for answer in (again(receiver, delivery), receiver.send("POST", "/redeliver", body)):
        assert (answer.status_code, answer.json()["error"]) == (409, "ENDPOINT_PAUSED")
    assert Delivery.objects.get().state == State.ABANDONED


def test_a_delivery_to_another_endpoint_is_none_of_this_one(receiver):
    foreign = sent(ClubEndpoint(receiver.club).id, state=State.ABANDONED)
    assert again(receiver, foreign).status_code == 404
    assert Delivery.objects.get().state == State.ABANDONED


def test_all_that_was_given_up_since_a_moment_is_sent_once_more_and_nothing_else(receiver):
    outage = datetime(2026, 3, 1, 12, tzinfo=UTC)
    before = sent(receiver.id, state=State.ABANDONED, at=outage - timedelta(seconds=1))
    during = [
        sent(receiver.id, state=State.ABANDONED, at=outage + timedelta(hours=hours))
        for hours in range(3)
    ]
    arrived = sent(receiver.id, at=outage + timedelta(hours=1))
    others = sent(ClubEndpoint(receiver.club).id, state=State.ABANDONED, at=outage)
    answer = receiver.send("POST", "/redeliver", {"since": outage.isoformat()})
    assert (answer.status_code, answer.json()) == (202, {"deliveries": 3, "has_more": False})
    due = set(Delivery.objects.filter(state=State.DUE).values_list("pk", flat=True))
    assert due == {each.pk for each in during}
    untouched = Delivery.objects.filter(pk__in=[before.pk, arrived.pk, others.pk])
    assert {each.state for each in untouched} == {State.ABANDONED, State.SETTLED}
    recorded = AuditRow.objects.get(action="endpoint.redelivered")
    assert told(recorded).changes == {
        "deliveries": [None, 3],
        "since": [None, outage.isoformat()],
    }


def test_a_long_outage_is_made_up_for_in_portions(receiver):
    template = sent(receiver.id, state=State.ABANDONED, tries=0)
    columns = {
        field.attname: getattr(template, field.attname)
        for field in Delivery._meta.concrete_fields
        if field.attname not in {"id", "event_id"}
    }
    many = redelivery.PORTION * redelivery.MOST_PORTIONS + 7
    Delivery.objects.bulk_create(
        (Delivery(event_id=f"{number:032x}", **columns) for number in range(many)), batch_size=500
    )
    body = {"since": "2026-01-01T00:00:00Z"}
    first = receiver.send("POST", "/redeliver", body).json()
    assert first == {"deliveries": 5_000, "has_more": True}
    second = receiver.send("POST", "/redeliver", body).json()
    assert second == {"deliveries": 8, "has_more": False}
    assert receiver.send("POST", "/redeliver", body).json()["deliveries"] == 0
    assert not Delivery.objects.exclude(state=State.DUE).exists()


@pytest.mark.parametrize("since", ["soon", ["2026-01-01T00:00:00Z"], 5, None, ""])
def test_a_moment_that_makes_no_sense_is_refused(receiver, since):
    answer = receiver.send("POST", "/redeliver", {"since": since})
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (422, ["since"])


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_first_and_the_last_moment_there_is_may_be_asked_for(receiver, since):
    assert receiver.send("POST", "/redeliver", {"since": since}).status_code == 202
