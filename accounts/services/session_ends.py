"""Ending sessions for real: the row is the truth, and every copy of it is buried."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from accounts import controls
from accounts.models import Session
from accounts.services import pending_sign_ins, standing
from audit.events import Event
from audit.parties import Actor, Target
from audit.services.record import Entry, get_audit_service
from plinto.kernel.origin import Origin
from resilience.contract import enforces


@enforces(controls.SESSION_REVOCATION)
def end_all(
    user_id: UUID,
    *,
    reason: str,
    actor: Actor,
    origin: Origin,
    now: datetime,
    keep: UUID | None = None,
) -> int:
    """
    End all sessions of a person but for the one to keep, and those that are about to begin.

    In the caller's transaction if there is one.
    """
    with transaction.atomic():
        pending_sign_ins.void(user_id)
        chosen = live(user_id, now=now, but=keep)
        return end(chosen, reason=reason, actor=actor, origin=origin, now=now)


@enforces(controls.SESSION_REVOCATION)
def end(
    chosen: QuerySet[Session], *, reason: str, actor: Actor, origin: Origin, now: datetime
) -> int:
    """
    End sessions at once and say how many, in the caller's transaction if there is one.

    The row is the truth; copies in Redis are buried as soon as it is committed, so the next
    request on any worker is refused.
    """
    with transaction.atomic():
        # One order for all callers: rows locked in different orders would deadlock.
        held = chosen.filter(ended_at=None).order_by("pk").select_for_update()
        keys = list(held.values_list("pk", flat=True))
        if not keys:
            return 0
        ended = Session.objects.filter(pk__in=keys, ended_at=None).update(
            ended_at=now, end_reason=reason, version=F("version") + 1
        )
        told: dict[str, Any] = {"actor": actor, "origin": origin, "reason": reason}
        targets = {key: Target("session", id=str(key)) for key in keys}
        get_audit_service().record_all(
            Entry(event=Event.SESSION_ENDED, target=targets[key], session_id=key, **told)
            for key in keys
        )
        transaction.on_commit(lambda: standing.bury(keys))
    return ended


def live(user_id: UUID, *, now: datetime, but: UUID | None = None) -> QuerySet[Session]:
    """Choose the sessions with which a person is signed in, ``but`` for one."""
    chosen = Session.objects.filter(user_id=user_id, ended_at=None, expires_at__gt=now)
    return chosen.exclude(pk=but) if but else chosen
