"""Writing to the trail: acts in the transaction of the act, refusals outside what they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit import controls
from audit.events import Event
from audit.models import AuditRow
from audit.parties import Actor, Outcome, Target
from audit.services import personal
from audit.services.personal import storable
from plinto.kernel import rows, services
from plinto.kernel.database import is_in_transaction
from plinto.kernel.origin import Origin
from resilience.contract import enforces

Changes = Mapping[str, tuple[Any, Any]]  # field: (before, after)

# Rows in one statement, at most.
_PORTION = 1000
_SECRET_FIELD = re.compile(r"password|secret|token|digest|private|(^|_)(code|key|hash)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    What one row tells.

    ``session_id`` defaults to the session the request came in on, ``now`` to this moment.
    ``changes`` maps a field to its value before and after.
    """

    event: Event
    actor: Actor
    target: Target
    origin: Origin
    outcome: Outcome = Outcome.SUCCESS
    reason: str = ""
    organization_id: UUID | None = None
    session_id: UUID | None = None
    changes: Changes | None = None
    now: datetime | None = None

    def row(self) -> AuditRow:
        """
        Make the row, unsaved.

        :raises ValueError: as ``columns`` does
        """
        return AuditRow(**self.columns())

    def columns(self) -> dict[str, Any]:
        """
        Return what the row holds, but for its id and its seal.

        :raises ValueError: the event lacks what it must carry, or ``changes`` names a secret
        """
        missing = {name for name in self.event.needs if not getattr(self, name)}
        if missing and self.outcome is Outcome.SUCCESS:
            raise ValueError(f"{self.event} must carry {', '.join(sorted(missing))}.")
        told = _told(self.changes or {})
        return {
            "occurred_at": self.now or timezone.now(),
            "action": self.event.value,
            "outcome": self.outcome.value,
            "reason": storable(self.reason, 200),
            "actor_kind": self.actor.kind.value,
            "actor_id": storable(self.actor.id, 64),
            "target_kind": self.target.kind,
            "target_id": storable(self.target.id, 64),
            "organization_id": self.organization_id,
            "session_id": self.session_id or self.origin.session_id,
            "request_id": storable(self.origin.request_id, 128),
            **personal.columns(self.actor, self.target, self.origin, told),
        }


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
        Insert one row into the caller's open transaction; what it is told is an ``Entry``.

        :raises RuntimeError: no transaction is open, so the act could happen without its row
        :raises ValueError: the event lacks what it must carry, or ``changes`` names a secret
        """
        entry = Entry(
            event=event,
            actor=actor,
            target=target,
            origin=origin,
            outcome=outcome,
            reason=reason,
            organization_id=organization_id,
            session_id=session_id,
            changes=changes,
            now=now,
        )
        _require_transaction(event)
        row = entry.row()
        rows.insert([row])
        return row.id

    def row(self, entry: Entry) -> AuditRow:
        """
        Make a row for a statement that writes it together with the act.

        :raises ValueError: as ``record`` does
        """
        return entry.row()

    def record_all(self, entries: Iterable[Entry]) -> int:
        """
        Insert a row for each of the entries, in one statement for many, and say how many.

        :raises RuntimeError: no transaction is open, so the acts could happen without their rows
        :raises ValueError: as ``record`` does, and nothing is inserted
        """
        made = [entry.row() for entry in entries]
        if made:
            _require_transaction(made[0].action)
            AuditRow.objects.bulk_create(made, batch_size=_PORTION)
        return len(made)

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
        if is_in_transaction():
            raise RuntimeError(f"The refusal of {event} must be durable whatever is rolled back.")
        entry = Entry(
            event=event,
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
        row = self.row(entry)
        # One statement, which commits itself.
        rows.insert([row])
        return row.id


def get_audit_service() -> AuditService:
    """Return the process-wide writer of the trail."""
    return services.get(AuditService)


services.register(AuditService, AuditService)


def _require_transaction(act: str) -> None:
    if not is_in_transaction():
        raise RuntimeError(f"{act} must be recorded in the transaction of the act.")


def _told(changes: Changes) -> dict[str, list[Any]]:
    for field in changes:
        if _SECRET_FIELD.search(field):
            raise ValueError(f"The trail must not hold {field}; name the act instead.")
    return {
        field: [storable(side, 2000) if isinstance(side, str) else side for side in sides]
        for field, sides in changes.items()
    }
