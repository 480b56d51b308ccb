"""Several workers at once, one killed, one asked to stop: nothing is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from resilience.worker import Stop, Worker
from tests.journeys.waiting import eventually
from tests.races import at_once
from tests.servers.receiver import Receiver, hanging
from tests.webhooks.trail import an_endpoint, an_organization, fan_out, sealed, secret_of, work
from webhooks.models import Attempt, Delivery
from webhooks.services.due import Round
from webhooks.services.housekeeping import trim
from webhooks.services.receivers import Receivers
from webhooks.services.sending import Sending

pytestmark = pytest.mark.django_db(transaction=True)

Start = Callable[[Receiver], Receiver]


def test_two_workers_send_everything_and_nothing_twice(
    open_to: Start, figure: Callable[[str], None]
) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    for number in range(8):
        an_endpoint(f"{receiver.url}/{number}", organization_id=mine)
    sealed(mine, many=30)
    fan_out()
    workers = [Sending(places=8, seconds=15.0) for _ in range(2)]

    began = timezone.now()
    at_once(lambda number: work(workers[number]), times=2)
    for worker in workers:
        worker.drain()

    figure(f"240 messages by two workers: {(timezone.now() - began).total_seconds():.1f} s")
    assert len(receiver.asked) == 240
    assert set(receiver.tries.values()) == {8}  # each event once for each endpoint
    assert set(Delivery.objects.values_list("state", "attempts")) == {("settled", 1)}


def test_what_a_killed_worker_had_taken_is_sent_by_another_under_the_same_id(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    receiver.secret = secret_of(an_endpoint(receiver.url, organization_id=mine))
    rows = sealed(mine, many=3)
    fan_out()
    taken = Round().claim(Receivers(places=16), now=timezone.now())
    assert len(taken) == 3  # and it dies

    work(sending)
    assert receiver.asked == []
    work(sending, at=timezone.now() + timedelta(seconds=61))

    assert set(receiver.told) == {str(row.pk) for row in rows}


def test_a_worker_that_is_asked_to_stop_finishes_what_it_began_and_begins_nothing(
    open_to: Start,
) -> None:
    over, mine = threading.Event(), an_organization()
    receiver = open_to(Receiver(hanging(over)))
    an_endpoint(receiver.url, organization_id=mine)
    sealed(mine, many=10)
    fan_out()
    stop = Stop()
    worker = Worker(queues=[Sending(places=16, seconds=15.0)], chores=[], stop=stop)
    running = threading.Thread(target=worker.run)
    running.start()
    eventually(lambda: len(receiver.asked) == 4, seconds=20)

    stop.ask()
    over.set()
    running.join(30)

    assert not running.is_alive()
    assert len(receiver.asked) == 4
    assert Delivery.objects.filter(state="settled").count() == 4
    assert Delivery.objects.filter(state="due", lease=None, attempts=0).count() == 6


def test_finished_messages_go_with_their_tries_when_nobody_asks_any_more(
    open_to: Start, sending: Sending
) -> None:
    receiver, mine = open_to(Receiver()), an_organization()
    an_endpoint(receiver.url, organization_id=mine)
    sealed(mine, many=4)
    fan_out()
    work(sending)
    now = timezone.now()
    keys = list(Delivery.objects.values_list("pk", flat=True))
    fates = [("settled", 31), ("settled", 29), ("abandoned", 31), ("abandoned", 91)]
    for key, (state, days) in zip(keys, fates, strict=True):
        settled_at = now - timedelta(days=days)
        Delivery.objects.filter(pk=key).update(state=state, settled_at=settled_at)

    assert trim(now) == 2

    assert set(Delivery.objects.values_list("pk", flat=True)) == set(keys[1:3])
    assert Attempt.objects.count() == 2
