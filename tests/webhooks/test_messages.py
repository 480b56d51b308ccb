"""What a message says: of whom it may, as long as it may, and everything to who reads the trail."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.services import sessions
from audit.events import Event
from audit.models import AuditRow
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience.leases import State
from tests.factories import UserFactory
from tests.servers.receiver import Receiver
from tests.webhooks.trail import (
    an_endpoint,
    an_organization,
    fan_out,
    seal,
    sealed,
    secret_of,
    work,
)
from webhooks.models import Delivery
from webhooks.services.sending import Sending

pytestmark = pytest.mark.django_db(transaction=True)

Start = Callable[[Receiver], Receiver]


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


def test_a_row_that_cannot_be_told_harms_no_other_and_no_receiver(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    endpoint = an_endpoint(receiver.url, organization_id=mine)
    [faulty] = sealed(mine, changes={"name": 5})  # neither before nor after
    sealed(mine, many=3)
    fan_out()

    work(sending)

    assert len(receiver.asked) == 3
    left = Delivery.objects.get(state=State.DUE)
    assert (left.event_id, left.tries, left.last_error) == (faulty.pk, 1, "TypeError")
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


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
