"""Endpoints of an organization, and what was sent to them, for tests that begin after that."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone

from plinto.kernel.ids import uuid7
from resilience.leases import State
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from webhooks.models import Attempt, Delivery, Endpoint

URL = "https://example.com/hooks/a-secret-path"


class ClubEndpoint:
    """One endpoint of a club, and what is done with it over HTTP."""

    def __init__(self, club: Club, by: Person | None = None, **fields: Any) -> None:
        self.club = club
        body = {"url": URL, "events": ["member.*"], **fields}
        answer = club.as_(by or club.owner, "POST", "/webhooks", body)
        assert answer.status_code == 201, answer.content
        self.told = answer.json()
        self.id: str = self.told["id"]
        self.secret: str = self.told["secret"]

    @property
    def row(self) -> Endpoint:
        return Endpoint.objects.get(pk=self.id)

    def send(self, method: str, tail: str = "", body: Any = None, **by: Any) -> HttpResponse:
        """Ask something about the endpoint, as the owner unless told ``by`` whom or a ``token``."""
        token = by.get("token") or by.get("by", self.club.owner).access
        return self.club.api.send(
            method, f"{self.club.path}/webhooks/{self.id}{tail}", body, token=token
        )

    def change(self, **body: Any) -> HttpResponse:
        return self.send("PATCH", "", body)

    def deliveries(self, query: str = "") -> dict[str, Any]:
        answer = self.send("GET", f"/deliveries{query}")
        assert answer.status_code == 200, answer.content
        return dict(answer.json())


def sent(
    endpoint_id: Any,
    *,
    state: State = State.SETTLED,
    tries: int = 1,
    at: datetime | None = None,
    **columns: Any,
) -> Delivery:
    """A delivery with as many tries as it says, written at a moment."""
    now = at or timezone.now()
    delivery = Delivery.objects.create(
        pk=UUID(int=int(now.timestamp() * 1000) << 80 | uuid7().int & (1 << 80) - 1),
        endpoint_id=endpoint_id,
        **{
            "event_id": uuid7(),
            "type": "member.updated",
            "created_at": now,
            "scheduled_at": now,
            "due_at": now,
            "state": state,
            "settled_at": None if state == State.DUE else now,
            "tries": tries,
            "attempts": tries,
            **columns,
        },
    )
    for number in range(tries):
        Attempt.objects.create(
            delivery=delivery, started_at=now, milliseconds=number, status=500, body="sorry"
        )
    return delivery


def sent_often(delivery: Delivery, times: int) -> None:
    """As many more deliveries like this one, each of another event and not tried."""
    columns = {
        field.attname: getattr(delivery, field.attname)
        for field in Delivery._meta.concrete_fields
        if field.attname not in {"id", "event_id"}
    }
    more = (Delivery(event_id=uuid7(), **columns) for _ in range(times))
    Delivery.objects.bulk_create(more, batch_size=500)


def told_to(club: Club, *, is_paused: bool = False) -> dict[str, Any]:
    """An endpoint with a delivery that was given up, as parts of a path."""
    receiver = ClubEndpoint(club)
    if is_paused:
        Endpoint.objects.update(
            state=Endpoint.State.PAUSED,
            paused_at=timezone.now(),
            paused_because=Endpoint.Pause.BY_HAND,
        )
    delivery = sent(receiver.id, state=State.ABANDONED)
    return {"endpoint_id": receiver.id, "delivery_id": delivery.pk}
