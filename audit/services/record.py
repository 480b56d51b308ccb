"""Writing to the trail: acts in the transaction of the act, refusals outside what they refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import controls
from audit.events import Event
from audit.models import AuditRow
from audit.parties import Actor, Outcome, Target
from audit.services import personal
from audit.services.personal import storable
from plinto.kernel import services
from plinto.kernel.database import is_in_transaction
from plinto.kernel.origin import Origin
from resilience.contract import enforces

Changes = Mapping[str, tuple[Any, Any]]  # field: (before, after)

_SECRET_FIELD = re.compile(r"password|secret|token|digest|private|(^|_)(code|key|hash)$")


@enforces(controls.TRAIL)
class AuditService:
    """The one writer of the trail. If the row cannot be written, the act must not happen."""

    def record(
        self,
        event: Event,
        *,
        actor: Actor,
        target: Target,
        origin: Origin,
        outcome: Outcome = Outcome.SUCCESS,
        reason: str = "",
        organization_id: UUID | None = None,
        session_id: UUID | None = None,
        changes: Changes | None = None,
        now: datetime | None = None,
    ) -> UUID:
        """
        Insert one row into the caller's open transaction.

        ``session_id`` defaults to the session the request came in on. ``changes`` maps a field to
        its value before and after.

        :raises RuntimeError: no transaction is open, so the act could happen without its row
        :raises ValueError: the event lacks what it must carry, or ``changes`` names a secret
        """
        if not is_in_transaction():
            raise RuntimeError(f"{event} must be recorded in the transaction of the act.")
        carried = {"session_id": session_id, "changes": changes, "organization_id": organization_id}
        missing = {name for name in event.needs if not carried[name]}
        if missing and outcome is Outcome.SUCCESS:
            raise ValueError(f"{event} must carry {', '.join(sorted(missing))}.")
        row = AuditRow(
            occurred_at=now or timezone.now(),
            action=event.value,
            outcome=outcome.value,
            reason=storable(reason, 200),
            actor_kind=actor.kind.value,
            actor_id=storable(actor.id, 64),
            target_kind=target.kind,
            target_id=storable(target.id, 64),
            organization_id=organization_id,
            session_id=session_id or origin.session_id,
            request_id=storable(origin.request_id, 128),
            **personal.columns(actor, target, origin, _told(changes or {})),
        )
        row.save()
        return row.id

    def record_refusal(
        self,
        event: Event,
        *,
        actor: Actor,
        target: Target,
        origin: Origin,
        reason: str,
        organization_id: UUID | None = None,
        session_id: UUID | None = None,
        changes: Changes | None = None,
        now: datetime | None = None,
    ) -> UUID:
        """
        Insert and commit one row about something that was refused.

        Call it after the transaction of the refused act has ended: inside, the rollback would
        take the row along and a guesser would leave no trace.

        :raises RuntimeError: a transaction is open
        """
        with transaction.atomic(durable=True):
            return self.record(
                event,
                actor=actor,
                target=target,
                origin=origin,
                outcome=Outcome.REFUSED,
                reason=reason,
                organization_id=organization_id,
                session_id=session_id,
                changes=changes,
                now=now,
            )


def get_audit_service() -> AuditService:
    """Return the process-wide writer of the trail."""
    return services.get(AuditService)


services.register(AuditService, AuditService)


def _told(changes: Changes) -> dict[str, list[Any]]:
    for field in changes:
        if _SECRET_FIELD.search(field):
            raise ValueError(f"The trail must not hold {field}; name the act instead.")
    return {
        field: [storable(side, 2000) if isinstance(side, str) else side for side in sides]
        for field, sides in changes.items()
    }
