"""What is old goes a portion at a time, each found by its index."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Registration
from accounts.services import registrations
from plinto.kernel.ids import uuid7
from resilience import trimming

OLD, YOUNG = 2_500, 300


def registered(many, *, expires_at):
    Registration.objects.bulk_create(
        (
            Registration(
                email="ada@example.com",
                email_key="ada@example.com",
                password="!",
                handle_digest=uuid7().bytes * 2,
                created_at=timezone.now(),
                expires_at=expires_at,
            )
            for _ in range(many)
        ),
        batch_size=500,
    )


def test_old_rows_go_a_thousand_at_a_time_and_young_ones_stay():
    now = timezone.now()
    registered(OLD, expires_at=now - timedelta(days=90))
    registered(YOUNG, expires_at=now + timedelta(days=1))
    with CaptureQueriesContext(connection) as captured:
        assert registrations.trim(now=now) == OLD
    asked = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    assert len([sql for sql in asked if "LIMIT 1000" in sql]) == 3
    # In the order of the model they would be looked for among the young ones first.
    assert not any("ORDER BY" in sql for sql in asked)
    assert Registration.objects.count() == YOUNG


def test_an_order_that_was_asked_for_is_kept():
    registered(3, expires_at=timezone.now())
    with CaptureQueriesContext(connection) as captured:
        assert trimming.delete(Registration.objects.order_by("expires_at")) == 3
    assert any("ORDER BY" in query["sql"] for query in captured)
