"""
Telling a person everything that is held about them (GDPR, articles 15 and 20).

The request is written down, the worker gathers and seals the answer, a letter says that it is
there, and it can be taken once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from accounts import controls
from accounts.errors import TooManyAttempts
from accounts.models import DataExport, User
from accounts.services import people, personal_data
from accounts.services.mail import get_email_service
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import decrypt, encrypt
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from resilience import leases, trimming
from resilience.contract import enforces
from resilience.leases import State
from resilience.queues import LeasedQueue
from resilience.retrying import after_conflicts
from resilience.worker import Shift

# Rows outlive the window by days, so they are what is counted.
_MOST, _WINDOW = 3, timedelta(days=1)
KEPT_FOR = timedelta(days=7)
_PURPOSE = "data export"
_RETRY = timedelta(minutes=1)
_GIVE_UP_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pending:
    """An export that is being written."""

    id: UUID
    requested_at: datetime


@enforces(controls.PRIVACY)
@after_conflicts
def request(who: Standing, *, origin: Origin, now: datetime) -> Pending:
    """
    Ask for an export, or join the one that is being written.

    :raises TooManyAttempts: too many were asked for within a day
    :raises SessionEnded: the person is gone
    """
    with transaction.atomic():
        people.hold(who)
        mine = DataExport.objects.filter(user_id=who.user_id)
        if waiting := mine.filter(state=State.DUE).first():
            return Pending(waiting.pk, waiting.requested_at)
        lately = mine.filter(requested_at__gt=now - _WINDOW).order_by("requested_at")
        if len(asked := list(lately.values_list("requested_at", flat=True))) >= _MOST:
            wait = math.ceil((asked[0] + _WINDOW - now).total_seconds())
            raise TooManyAttempts(retry_after=wait, is_new=False, reason="exports of a day")
        export = DataExport.objects.create(user_id=who.user_id, requested_at=now, due_at=now)
        _record(Event.EXPORT_REQUESTED, who, export, origin=origin, now=now)
    return Pending(export.pk, now)


@enforces(controls.PRIVACY)
@after_conflicts
def take(who: Standing, export_id: UUID, *, origin: Origin, now: datetime) -> bytes | Pending:
    """
    Hand the export over as JSON, once it is written, and once only.

    :raises NotFoundError: there is none, or it was taken, or it has expired
    """
    with transaction.atomic():
        mine = DataExport.objects.filter(user_id=who.user_id, taken_at=None)
        export = mine.select_for_update().filter(pk=export_id).first()
        if export is None or export.state == State.ABANDONED:
            raise NotFoundError(reason="no such export, or taken")
        if export.state == State.DUE:
            return Pending(export.pk, export.requested_at)
        if export.expires_at is None or export.expires_at <= now:
            raise NotFoundError(reason="export has expired")
        told = decrypt(export.sealed, purpose=_PURPOSE)
        DataExport.objects.filter(pk=export.pk).update(taken_at=now, sealed=b"")
        _record(Event.EXPORT_TAKEN, who, export, origin=origin, now=now)
    return told


def write(export: DataExport, *, now: datetime) -> None:
    """Gather what is held, seal it, and tell the person, all in one transaction."""
    with transaction.atomic():
        person = User.objects.get(pk=export.user_id)
        tables = {holding.name: holding.told(person) for holding in personal_data.holdings(person)}
        told = orjson.dumps(
            {"person": str(person.pk), "made_at": now, "tables": tables}, default=_plain
        )
        is_ours = leases.settle(
            export, now=now, sealed=encrypt(told, purpose=_PURPOSE), expires_at=now + KEPT_FOR
        )
        if is_ours:
            get_email_service().queue(
                "export_ready",
                to=person.email,
                context={
                    "name": person.name,
                    "time": now,
                    "link": f"{settings.APP_URL}/reset-password",
                },
                now=now,
            )


def trim(*, now: datetime) -> int:
    """Delete exports that nobody took in time, with what they hold."""
    return trimming.delete(DataExport.objects.filter(expires_at__lt=now))


def _record(
    event: Event, who: Standing, export: DataExport, *, origin: Origin, now: datetime
) -> None:
    get_audit_service().record(
        event,
        actor=who.actor,
        target=Target("data_export", id=str(export.pk)),
        origin=origin,
        session_id=who.session_id,
        now=now,
    )


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)


@contextmanager
def _turn(shift: Shift) -> Iterator[Callable[[DataExport], None]]:
    yield lambda export: write(export, now=shift.clock())


def _next_try(export: DataExport, now: datetime) -> datetime | None:
    return None if now - export.requested_at > _GIVE_UP_AFTER else now + _RETRY


QUEUE = LeasedQueue(
    name="exports", rows=DataExport.objects.all, turn=_turn, next_try=_next_try, batch=1
)
