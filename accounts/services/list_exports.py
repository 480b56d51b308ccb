"""What the trail is told when staff carry a list out of the admin site."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.services.staff import actor_of
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin


def note(kind: str, *, query: str, by: User, origin: Origin, now: datetime) -> None:
    """Record which list is about to leave, before its first row does."""
    with transaction.atomic():
        get_audit_service().record(
            Event.ADMIN_EXPORTED,
            actor=actor_of(by),
            target=Target(kind),
            origin=origin,
            changes={"query": (None, query)},
            now=now,
        )
