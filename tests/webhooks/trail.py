"""Endpoints, and a trail that is sealed, for tests whose subject is what comes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import Organization
from audit.chain import NOTHING, SYSTEM_CHAIN, Link
from audit.models import AuditRow, ChainHead
from plinto.kernel.ids import uuid7
from resilience.worker import Shift
from tests.audit.rows import a_row
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoint_secrets, fanout
from webhooks.services.sending import Sending


def an_organization() -> UUID:
    slug = f"engines-{uuid7().hex[-12:]}"
    return Organization.objects.create(name="Engines", slug=slug, created_at=timezone.now()).pk


def an_endpoint(
    url: str = "https://hooks.example/", *, organization_id: UUID | None = None, **columns: Any
) -> Endpoint:
    """An endpoint that asks for everything; ``secret_of`` tells its secret."""
    described = {
        "url": url,
        "events": ["*"],
        "secret": endpoint_secrets.drawn()[1],
        "created_at": timezone.now(),
    }
    return Endpoint.objects.create(organization_id=organization_id, **{**described, **columns})


def secret_of(endpoint: Endpoint) -> str:
    return endpoint_secrets.in_force(endpoint, now=timezone.now())[0]


def sealed(organization_id: UUID | None = None, *, many: int = 1, **columns: Any) -> list[AuditRow]:
    """Write rows and put them at the end of their chain."""
    described = {"action": "user.created", "occurred_at": timezone.now(), **columns}
    rows = [
        a_row(organization_id=organization_id, **{"target_id": str(uuid7()), **described})
        for _ in range(many)
    ]
    for row in rows:
        row.save()
    return seal(rows, chain=organization_id or SYSTEM_CHAIN)


def seal(rows: list[AuditRow], *, chain: UUID = SYSTEM_CHAIN) -> list[AuditRow]:
    """Put rows that were written at the end of a chain, as the sealer does."""
    now = timezone.now()
    head, _ = ChainHead.objects.get_or_create(
        chain=chain, defaults={"head_hash": NOTHING, "moved_at": now}
    )
    for row in rows:
        link = Link(chain, head.sequence + 1, bytes(head.head_hash), row.said())
        AuditRow.objects.filter(pk=row.pk).seal(
            chain=chain,
            sequence=link.sequence,
            previous_hash=link.previous_hash,
            sealed_hash=link.hash(),
            sealed_at=now,
        )
        head.sequence, head.head_hash = link.sequence, link.hash()
    head.save()
    return rows


def fan_out() -> int:
    """Let the queue run until nothing is left to read; return how many rows were read."""
    total = 0
    while read := fanout.QUEUE.run_due(Shift()):
        total += read
    return total


def told(endpoint: Endpoint) -> list[UUID]:
    """The events that an endpoint has messages of, in the order of their making."""
    mine = Delivery.objects.filter(endpoint=endpoint).order_by("id")
    return list(mine.values_list("event_id", flat=True))


def work(sending: Sending, *, at: datetime | None = None) -> None:
    """Send what is due, now or as if it were ``at``, until nothing is."""
    shift = Shift(clock=lambda: at or timezone.now())
    while sending.run_due(shift):
        pass
