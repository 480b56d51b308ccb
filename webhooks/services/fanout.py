"""
From the trail to messages: the queue ``fan-out`` of the worker.

Each endpoint reads the chains it may read from where it stopped, a bounded piece at a time. The
messages and the new position are one transaction, and whoever reads holds the position, so any
number of workers may read at once and a kill loses or doubles nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from django import db
from django.db import transaction
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from audit.models import AuditRow, ChainHead
from resilience.contract import enforces
from resilience.retrying import after_conflicts
from resilience.worker import Shift
from webhooks import catalogue
from webhooks import delivery_controls as controls
from webhooks.models import Delivery, Endpoint, Position

log = structlog.get_logger(__name__)

# Rows read in one transaction, and readings begun in one turn.
PIECE = 500
_READINGS = 20
# What was unsealed when an endpoint was made has its place behind where the endpoint begins. The
# clocks of two machines may differ by so much: rather an old event told than a new one lost.
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Reading:
    """An endpoint that has not read a chain to its head, which is at the sequence ``head``."""

    endpoint: Endpoint
    chain: UUID
    head: int


class FanOut:
    """A queue of endpoints that have more to read."""

    name = "fan-out"

    def __init__(self, *, piece: int = PIECE) -> None:
        self._piece = piece

    def run_due(self, shift: Shift) -> int:
        """Let a few endpoints read on; return how many rows were read."""
        total = 0
        for reading in list(_behind()):
            if shift.is_ending():
                break
            try:
                total += read_on(reading, most=self._piece, now=shift.clock())
            except db.IntegrityError:
                log.info("webhooks.endpoint_gone", endpoint=str(reading.endpoint.pk))
        return total


@enforces(controls.DELIVERIES)
@after_conflicts
def read_on(reading: Reading, *, most: int, now: datetime) -> int:
    """Turn the next ``most`` rows of a chain into messages; 0 if another worker reads it."""
    endpoint = reading.endpoint
    with transaction.atomic():
        position = _held(endpoint, reading.chain)
        if position is None:
            return 0
        rows = list(
            AuditRow.objects.filter(chain=reading.chain, sequence__gt=position.sequence)
            .only("id", "action", "outcome", "occurred_at", "sequence")
            .order_by("sequence")[:most]
        )
        Delivery.objects.bulk_create(_messages(endpoint, rows, now), ignore_conflicts=True)
        # Rows that retention has removed are passed over.
        read_to = rows[-1].sequence if rows else max(position.sequence, reading.head)
        Position.objects.filter(pk=position.pk).update(sequence=read_to)
    return len(rows)


def _held(endpoint: Endpoint, chain: UUID) -> Position | None:
    mine = Position.objects.filter(endpoint=endpoint, chain=chain)
    if not mine.exists():
        first = Position(endpoint=endpoint, chain=chain, sequence=0)
        Position.objects.bulk_create([first], ignore_conflicts=True)
    return mine.select_for_update(skip_locked=True).first()


def _messages(endpoint: Endpoint, rows: list[AuditRow], now: datetime) -> Iterator[Delivery]:
    is_of_all = endpoint.organization_id is None
    since = endpoint.created_at - _SKEW
    for row in rows:
        if row.occurred_at < since:
            continue
        if type := catalogue.type_for(row, endpoint.events, is_of_all=is_of_all):
            yield Delivery(
                endpoint=endpoint,
                event_id=row.pk,
                type=type,
                created_at=now,
                scheduled_at=now,
                due_at=now,
            )


def _behind() -> Iterator[Reading]:
    """Find endpoints whose chains have moved on; those of all leave the others half of a turn."""
    yield from islice(_of_all(), _READINGS // 2)
    yield from islice(_of_organizations(), _READINGS // 2)


def _of_all() -> Iterator[Reading]:
    for endpoint in Endpoint.objects.filter(
        state=Endpoint.State.ACTIVE, organization=None
    ).order_by("?"):
        heads = ChainHead.objects.annotate(read=_read(endpoint.pk, OuterRef("chain")))
        for head in heads.filter(sequence__gt=F("read")).order_by("?")[:_READINGS]:
            yield Reading(endpoint, head.chain, head.sequence)


def _of_organizations() -> Iterator[Reading]:
    sequence = ChainHead.objects.filter(chain=OuterRef("organization_id")).values("sequence")
    mine = Endpoint.objects.filter(
        state=Endpoint.State.ACTIVE, organization__isnull=False
    ).annotate(head=Subquery(sequence), read=_read(OuterRef("pk"), OuterRef("organization_id")))
    # By chance, because in any fixed order a few that always have more would keep the rest waiting.
    for endpoint in mine.filter(head__gt=F("read")).order_by("?")[:_READINGS]:
        if endpoint.organization_id:
            yield Reading(endpoint, endpoint.organization_id, endpoint.head)


def _read(endpoint: Any, chain: OuterRef) -> Coalesce:
    position = Position.objects.filter(endpoint=endpoint, chain=chain).values("sequence")
    return Coalesce(Subquery(position), Value(0))


QUEUE = FanOut()
