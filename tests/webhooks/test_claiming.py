"""Which messages a worker takes next: everybody's turn comes, and a backlog costs nobody else."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from plinto.kernel.ids import uuid7
from tests.webhooks.trail import an_endpoint
from webhooks.models import Delivery, Endpoint
from webhooks.services import due
from webhooks.services.due import Round
from webhooks.services.receivers import Receivers

_OWN = {"id", "event_id", "endpoint_id"}

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(endpoint: Endpoint, *, many: int) -> None:
    """Messages that have been due for a while."""
    moment = timezone.now() - timedelta(minutes=1)
    Delivery.objects.bulk_create(
        Delivery(
            endpoint=endpoint,
            event_id=uuid7(),
            type="user.created",
            created_at=moment,
            scheduled_at=moment,
            due_at=moment,
        )
        for _ in range(many)
    )


def claimed(turn: Round, receivers: Receivers) -> dict[UUID, int]:
    """Claim once; return how many messages of which endpoint were taken."""
    found: dict[UUID, int] = {}
    for delivery, endpoint, _ in turn.claim(receivers, now=timezone.now()):
        assert delivery.endpoint_id == endpoint.pk
        found[endpoint.pk] = found.get(endpoint.pk, 0) + 1
    return found


def test_one_endpoint_gets_four_places_and_no_more_until_one_is_given_back() -> None:
    endpoint = an_endpoint()
    waiting(endpoint, many=10)
    turn, receivers = Round(), Receivers(places=16)

    [(_, _, place), *rest] = turn.claim(receivers, now=timezone.now())

    assert len(rest) == 3
    assert claimed(turn, receivers) == {}
    receivers.leave(place)
    assert claimed(turn, receivers) == {endpoint.pk: 1}


def test_everybody_has_a_turn_however_much_one_has_waiting() -> None:
    heavy, light = an_endpoint(), [an_endpoint() for _ in range(9)]
    waiting(heavy, many=300)
    for endpoint in light:
        waiting(endpoint, many=1)
    turn, served = Round(), set[UUID]()

    for _ in range(8):
        receivers = Receivers(places=5)
        served |= claimed(turn, receivers).keys()
        Delivery.objects.filter(lease__isnull=False).update(state="settled")

    assert served == {heavy.pk, *(endpoint.pk for endpoint in light)}


def test_those_that_have_been_failing_get_one_place_each_and_half_of_all_together() -> None:
    since = timezone.now() - timedelta(hours=1)
    for _ in range(6):
        waiting(an_endpoint(failing_since=since), many=5)
    well = an_endpoint()
    waiting(well, many=5)

    taken = claimed(Round(), Receivers(places=8))

    assert taken.pop(well.pk) == 4
    assert list(taken.values()) == [1, 1, 1, 1]


def test_a_place_that_found_no_message_is_given_back() -> None:
    endpoint, receivers = an_endpoint(), Receivers(places=16)
    waiting(endpoint, many=1)

    assert claimed(Round(), receivers) == {endpoint.pk: 1}
    assert receivers.free == 15


def test_nothing_of_a_paused_endpoint_or_of_later_is_taken() -> None:
    paused = {"state": "paused", "paused_at": timezone.now(), "paused_because": "by_hand"}
    waiting(an_endpoint(**paused), many=3)
    later = an_endpoint()
    waiting(later, many=3)
    Delivery.objects.filter(endpoint=later).update(due_at=timezone.now() + timedelta(hours=1))

    assert claimed(Round(), Receivers(places=16)) == {}


def test_a_backlog_is_stepped_over_and_not_read() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL tells how many pages a query read.")
    for _ in range(20):
        waiting(an_endpoint(), many=20)
    before = pages_read()
    copied = [field.attname for field in Delivery._meta.fields if field.attname not in _OWN]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO webhooks_delivery (id, event_id, endpoint_id, {', '.join(copied)}) "
            f"SELECT gen_random_uuid(), gen_random_uuid(), %s, {', '.join(copied)} "
            "FROM webhooks_delivery, generate_series(1, 50)",
            [an_endpoint().pk],
        )
    assert Delivery.objects.count() == 51 * 400

    assert pages_read() < 2 * before + 20


def pages_read() -> int:
    """Pages that finding the endpoints which wait reads, on tables the planner knows."""
    nobody, moment = [UUID(int=0)], timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE webhooks_delivery, webhooks_endpoint")
        query = due._WAITING.format(full="%s")
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}"
        cursor.execute(explained, [UUID(int=0), *nobody, moment, 64])
        [(told,)] = cursor.fetchall()
    [plan] = told if isinstance(told, list) else json.loads(told)
    return int(plan["Plan"]["Shared Hit Blocks"]) + int(plan["Plan"]["Shared Read Blocks"])
