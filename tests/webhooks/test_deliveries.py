"""What receivers get: signed by the standard, the same id on every try, and until they take it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.services import sessions
from audit.events import Event
from audit.models import AuditRow
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience.leases import State
from tests.factories import UserFactory
from tests.servers.receiver import Receiver, answering, in_turn
from tests.webhooks.trail import (
    an_endpoint,
    an_organization,
    fan_out,
    seal,
    sealed,
    secret_of,
    work,
)
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import endpoint_secrets
from webhooks.services.sending import Sending

pytestmark = pytest.mark.django_db(transaction=True)

Start = Callable[[Receiver], Receiver]


def test_the_reference_library_accepts_every_delivery(open_to: Start, sending: Sending) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    endpoint = an_endpoint(receiver.url, organization_id=mine)
    receiver.secret = secret_of(endpoint)
    rows = sealed(mine, many=10)
    fan_out()

    work(sending)

    assert receiver.refused == []
    assert set(receiver.told) == {str(row.pk) for row in rows}
    [first, *_] = rows
    told = receiver.told[str(first.pk)]
    assert told["type"] == "user.created"
    assert datetime.fromisoformat(told["timestamp"]) == first.occurred_at
    assert told["data"]["target"] == {"kind": "user", "id": first.target_id}
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SETTLED}


def test_through_a_rotation_a_receiver_with_either_secret_goes_on(
    open_to: Start, sending: Sending
) -> None:
    mine, (text, kept) = an_organization(), endpoint_secrets.drawn()
    old, new = open_to(Receiver()), open_to(Receiver())
    for receiver in (old, new):
        endpoint = an_endpoint(receiver.url, organization_id=mine)
        old.secret = secret_of(endpoint)
        now = timezone.now()
        Endpoint.objects.filter(pk=endpoint.pk).update(
            secret=kept, former_secret=endpoint.secret, former_until=now + timedelta(hours=1)
        )
        if receiver is old:
            remembered = old.secret
    old.secret, new.secret = remembered, text
    sealed(mine)
    fan_out()

    work(sending)

    assert (old.refused, new.refused) == ([], [])
    assert (len(old.told), len(new.told)) == (1, 1)
    Endpoint.objects.update(former_until=timezone.now())
    sealed(mine)
    fan_out()
    work(sending)
    assert (len(old.refused), len(new.told)) == (1, 2)


def test_a_body_that_was_tampered_with_fails(open_to: Start, sending: Sending) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    endpoint = an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()
    work(sending)
    [asked] = receiver.asked
    webhook, headers = Webhook(secret_of(endpoint)), dict(asked.headers)

    webhook.verify(asked.body, headers)
    with pytest.raises(WebhookVerificationError):
        webhook.verify(asked.body.replace(b"created", b"deleted"), headers)


def test_every_try_has_the_same_id_another_time_and_its_own_signature(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver(in_turn(500, 204))), an_organization()
    endpoint = an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()
    work(sending)
    later = timezone.now() + timedelta(seconds=7)

    work(sending, at=later)

    one, other = (asked.headers for asked in receiver.asked)
    assert one["webhook-id"] == other["webhook-id"]
    assert int(other["webhook-timestamp"]) > int(one["webhook-timestamp"])
    assert one["webhook-signature"] != other["webhook-signature"]
    Webhook(secret_of(endpoint)).verify(receiver.asked[1].body, dict(other))
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries) == (State.SETTLED, 2)


def test_a_message_is_sent_ten_times_over_three_days_and_then_given_up(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver(answering(400, b"no thanks"))), an_organization()
    an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()
    began = now = timezone.now()

    while (delivery := Delivery.objects.get()).state == State.DUE:
        now = max(now, delivery.due_at)
        work(sending, at=now)

    assert (delivery.state, delivery.tries) == (State.ABANDONED, 10)
    assert delivery.last_error == "answered 400"
    assert timedelta(days=3) < now - began < timedelta(days=4)
    assert len({asked.headers["webhook-id"] for asked in receiver.asked}) == 1
    assert Attempt.objects.filter(status=400, body="no thanks").count() == 10


def test_a_try_is_kept_with_its_answer_bounded(open_to: Start, sending: Sending) -> None:
    receiver = open_to(Receiver(answering(200, b"\x00\xff" + b"x" * 5000, X_Long="y" * 999)))
    mine = an_organization()
    an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()

    work(sending)

    kept = Attempt.objects.get()
    assert (kept.status, kept.error) == (200, "")
    assert kept.body == "\ufffd\ufffd" + "x" * 2046
    assert kept.headers["x-long"] == "y" * 300
    assert kept.milliseconds < 60_000


def test_what_is_too_long_is_left_out_and_said_to_be(open_to: Start, sending: Sending) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    receiver.secret = secret_of(an_endpoint(receiver.url, organization_id=mine))
    sealed(mine, action="role.updated", changes={"permissions": [["x" * 40] * 2000, []]})
    fan_out()

    work(sending)

    [asked], [told] = receiver.asked, receiver.told.values()
    assert len(asked.body) < 64 * 1024
    assert (told["data"]["changes"], told["data"]["changes_omitted"]) == ({}, True)


def test_a_message_about_somebody_who_was_erased_meanwhile_tells_nothing_of_them(
    open_to: Start, sending: Sending
) -> None:
    receiver = open_to(Receiver())
    an_endpoint(receiver.url)
    person = UserFactory(name="Ada Lovelace")
    with transaction.atomic():
        get_audit_service().record(
            Event.USER_UPDATED,
            actor=sessions.actor_of(person),
            target=sessions.target_of(person),
            origin=NOWHERE,
            changes={"name": ("Ada Byron", "Ada Lovelace")},
        )
    seal(list(AuditRow.objects.all()))
    fan_out()
    person.delete()

    work(sending)

    bodies = b"".join(asked.body for asked in receiver.asked)
    assert bodies
    assert b"Ada" not in bodies


def test_what_left_the_trail_before_it_was_sent_is_given_up(sending: Sending) -> None:
    endpoint, now = an_endpoint(organization_id=an_organization()), timezone.now()
    Delivery.objects.create(
        endpoint=endpoint,
        event_id=endpoint.pk,
        type="user.created",
        created_at=now,
        scheduled_at=now,
        due_at=now,
    )

    work(sending)

    assert Delivery.objects.get().last_error == "the event is no longer in the trail"


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_patience_gets_it(
    open_to: Start, sending: Sending, status: int
) -> None:
    receiver, mine = open_to(Receiver(answering(status, Retry_After="3600"))), an_organization()
    an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()
    began = timezone.now()
    work(sending)
    sealed(mine)
    fan_out()

    work(sending)  # the second message is not even tried

    assert len(receiver.asked) == 1
    assert Delivery.objects.get(tries=1).due_at >= began + timedelta(hours=1)


def test_every_row_of_the_trail_reaches_a_siem_whole(open_to: Start, sending: Sending) -> None:
    receiver = open_to(Receiver())
    receiver.secret = secret_of(an_endpoint(receiver.url, events=["*"]))
    [row] = sealed(an_organization(), action="session.refused", outcome="refused", reason="no")
    fan_out()

    work(sending)

    told = receiver.told[str(row.pk)]
    assert told["type"] == "audit.recorded"
    assert told["data"]["action"] == "session.refused"
    assert (told["data"]["reason"], told["data"]["sequence"]) == ("no", 1)
    assert json.dumps(told["data"]["sealed_hash"])


def test_nothing_is_sent_to_an_endpoint_that_was_paused_or_deleted_a_moment_ago(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    paused = an_endpoint(receiver.url, organization_id=mine)
    deleted = an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()
    assert Delivery.objects.count() == 2
    Endpoint.objects.filter(pk=paused.pk).update(
        state="paused", paused_at=timezone.now(), paused_because="by_hand"
    )
    deleted.delete()

    work(sending)

    assert receiver.asked == []
