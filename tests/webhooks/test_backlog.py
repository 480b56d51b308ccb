"""What is told of messages that wait: those that a worker could send, and no others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from plinto.kernel.ids import uuid7
from resilience import backlogs
from resilience.backlogs import Backlog
from tests.webhooks.trail import an_endpoint
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def waiting(endpoint: Endpoint, *, minutes: int, **columns: Any) -> None:
    """A message that was due so many minutes ago."""
    moment = NOW - timedelta(minutes=minutes)
    described = {"created_at": moment, "scheduled_at": moment, "due_at": moment, **columns}
    Delivery.objects.create(endpoint=endpoint, event_id=uuid7(), type="user.created", **described)


def told() -> Backlog:
    return next(one for one in backlogs.look(now=NOW) if one.queue == "webhooks")


def test_a_scrape_asks_every_queue_that_claims_rows() -> None:
    assert {one.queue for one in backlogs.look(now=NOW)} >= {"mail", "exports", "webhooks"}
    assert (told().due, told().oldest, told().abandoned) == (0, None, 0)


def test_messages_wait_for_a_worker_unless_they_wait_for_their_receiver() -> None:
    paused = {"state": "paused", "paused_at": NOW, "paused_because": "by_hand"}
    for columns, minutes in (({}, 3), ({}, 7), (paused, 60), ({"failing_since": NOW}, 90)):
        waiting(an_endpoint(**columns), minutes=minutes)
    waiting(an_endpoint(), minutes=-5)

    assert (told().due, told().waited(NOW)) == (2, 7 * 60)


def test_messages_that_were_given_up_are_counted_for_a_day() -> None:
    endpoint = an_endpoint()
    for hours in (1, 30):
        settled_at = NOW - timedelta(hours=hours)
        waiting(endpoint, minutes=60, state="abandoned", settled_at=settled_at)
    assert (told().due, told().abandoned) == (0, 1)
