"""Endpoints that fail: paused in time, told of, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, OutboundMail, Role
from audit.models import AuditRow
from resilience.leases import State
from tests.factories import AdministratorFactory, UserFactory
from tests.servers.receiver import Receiver, answering, in_turn
from tests.webhooks.trail import an_endpoint, an_organization, fan_out, sealed, told, work
from webhooks.models import Delivery, Endpoint
from webhooks.services.sending import Sending

pytestmark = pytest.mark.django_db(transaction=True)

Start = Callable[[Receiver], Receiver]
DAY = timedelta(days=1)


def an_owner(organization_id: object) -> str:
    owner = UserFactory()
    role, _ = Role.objects.get_or_create(
        organization_id=organization_id,
        name="owner",
        defaults={"is_builtin": True, "created_at": timezone.now()},
    )
    Membership.objects.create(
        organization_id=organization_id, user=owner, role=role, created_at=timezone.now()
    )
    return str(owner.email)


def test_a_receiver_that_answers_410_is_paused_at_once_and_its_owners_are_told(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver(answering(410))), an_organization()
    owner, other = an_owner(mine), an_owner(an_organization())
    endpoint = an_endpoint(receiver.url, organization_id=mine)
    [row] = sealed(mine)
    fan_out()

    work(sending)

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.paused_because) == ("paused", "gone")
    letters = OutboundMail.objects.filter(template="webhook_paused")
    assert list(letters.values_list("recipient", flat=True)) == [owner] != [other]
    noted = AuditRow.objects.get(action="endpoint.paused")
    assert (noted.target_id, noted.organization_id) == (str(endpoint.pk), mine)
    assert (noted.actor_kind, noted.reason) == ("system", "gone")
    assert told(endpoint) == [row.pk]


def test_what_waited_while_an_endpoint_was_paused_is_sent_when_it_is_enabled(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver(in_turn(410, 204))), an_organization()
    an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()
    work(sending)
    later = timezone.now() + DAY
    work(sending, at=later)
    assert len(receiver.asked) == 1

    Endpoint.objects.update(state="active", paused_at=None, paused_because="")
    work(sending, at=later)

    assert Delivery.objects.get().state == State.SETTLED


def test_one_that_fails_for_five_days_is_paused_and_one_that_succeeds_meanwhile_is_not(
    open_to: Start, sending: Sending
) -> None:
    broken, shaky = open_to(Receiver(answering(500))), open_to(Receiver(in_turn(500, 204, 500)))
    mine = an_organization()
    failing = an_endpoint(broken.url, organization_id=mine)
    mending = an_endpoint(shaky.url, organization_id=mine)
    began = timezone.now() + timedelta(hours=1)
    states = []

    for day in range(6):  # an event a day, tried until it is delivered or late
        sealed(mine)
        fan_out()
        for _ in range(2):
            sender = Sending(places=4, seconds=1.0)  # with nothing remembered of either
            work(sender, at=began + day * DAY + timedelta(minutes=10 * day))
        failing.refresh_from_db()
        states.append(failing.state)

    assert states == ["active"] * 5 + ["paused"]
    mending.refresh_from_db()
    assert (failing.paused_because, mending.state) == ("failing", "active")


def test_a_failure_of_long_ago_and_one_of_today_are_no_five_days(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver(answering(500))), an_organization()
    long_ago = timezone.now() - 20 * DAY
    endpoint = an_endpoint(receiver.url, organization_id=mine, failing_since=long_ago)
    sealed(mine)
    fan_out()
    now = timezone.now()

    work(sending, at=now)

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.failing_since) == ("active", now)


def test_an_endpoint_of_all_is_the_concern_of_superusers(open_to: Start, sending: Sending) -> None:
    receiver, boss = open_to(Receiver(answering(410))), AdministratorFactory()
    UserFactory()
    an_endpoint(receiver.url)
    sealed()
    fan_out()

    work(sending)

    letter = OutboundMail.objects.get(template="webhook_paused")
    assert letter.recipient == boss.email


def test_one_whose_address_was_changed_meanwhile_is_not_paused_for_the_old_one(
    open_to: Start, sending: Sending
) -> None:
    mine = an_organization()

    def change(_: object) -> object:
        Endpoint.objects.update(url="https://new.example/")
        return answering(410)(_)

    receiver = open_to(Receiver(change))
    endpoint = an_endpoint(receiver.url, organization_id=mine)
    sealed(mine)
    fan_out()

    work(sending)

    endpoint.refresh_from_db()
    assert endpoint.state == "active"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://2130706433/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data",
        "http://hooks.example/",
        "https://hooks.example:8443/",
    ],
)
def test_an_address_that_leads_inside_is_a_failure_and_a_row_a_day(
    sending: Sending, url: str
) -> None:
    mine = an_organization()
    endpoint = an_endpoint(url, organization_id=mine)
    sealed(mine, many=2)
    fan_out()
    now = timezone.now()

    for later in (timedelta(), timedelta(minutes=1), timedelta(hours=1), 1.1 * DAY):
        work(sending, at=now + later)

    refused = AuditRow.objects.filter(action="endpoint.address_refused")
    assert refused.count() == 2
    assert {row.outcome for row in refused} == {"refused"}
    assert {row.organization_id for row in refused} == {mine}
    errors = set(Delivery.objects.filter(endpoint=endpoint).values_list("last_error", flat=True))
    assert len(errors) == 1
    assert errors.pop().startswith("not sent: ")
    assert min(Delivery.objects.values_list("tries", flat=True)) > 1
