"""
Reading the trail of one organization: chosen by filters, newest first, opened for who may read it.

Rows are sorted by their id, in which the millisecond of writing stands first. ``occurred_at`` is
when the act began, so a period is cut by it exactly; the id only spares the index what lies
outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from audit.models import AuditRow
from audit.services import personal
from audit.services.personal import Opened
from plinto.kernel import pages
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.plans import unseen

# No act takes so long, and no clock of a deployment is so wrong.
_APART = timedelta(hours=1)
_ID_LIMIT = 1 << 48  # milliseconds that fit into an id


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which rows are wanted; what is empty does not choose. ``since`` counts, ``until`` not."""

    action: str = ""
    actor: str = ""
    target: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def chosen(self, rows: QuerySet[AuditRow]) -> QuerySet[AuditRow]:
        """Cut ``rows`` to those that are wanted."""
        wanted = {
            "actor_id": self.actor,
            "target_id": self.target,
            "outcome": self.outcome,
        }
        rows = rows.filter(**{column: text for column, text in wanted.items() if text})
        if self.action:
            rows = unseen(rows, action=self.action)
        if self.since:
            rows = rows.filter(occurred_at__gte=self.since, id__gte=_id_at(self.since, -_APART))
        if self.until:
            rows = rows.filter(occurred_at__lt=self.until, id__lt=_id_at(self.until, _APART))
        return rows

    def told(self) -> dict[str, str]:
        """Write them as clients name them."""
        named = {
            "action": self.action,
            "actor": self.actor,
            "target": self.target,
            "outcome": self.outcome,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
        }
        return {name: text for name, text in named.items() if text}

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Filters:
        """Read what ``told`` wrote."""
        named = dict(told)
        since, until = named.pop("from", ""), named.pop("to", "")
        return cls(
            **named,
            since=datetime.fromisoformat(since) if since else None,
            until=datetime.fromisoformat(until) if until else None,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """A row, and what it tells about people as far as their keys are still there."""

    row: AuditRow
    opened: Opened


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the trail, and the cursor of the rows behind it if there are any."""

    rows: list[Told]
    next: str | None


def listed(organization_id: UUID, *, filters: Filters, wanted: pages.PageRequest) -> Listed:
    """Return a page of an organization's rows, newest first, in two statements."""
    page = pages.cut(filters.chosen(of(organization_id)), wanted=wanted)
    opened = personal.opened(page.rows)
    return Listed([Told(row, opened[row.pk]) for row in page.rows], page.next)


def one(organization_id: UUID, row_id: UUID) -> AuditRow:
    """
    Return one row of an organization's trail.

    :raises NotFoundError: there is none, or it is another organization's
    """
    row = of(organization_id).filter(pk=row_id).first()
    if row is None:
        raise NotFoundError(reason="no such row")
    return row


def of(organization_id: UUID) -> QuerySet[AuditRow]:
    """All rows of an organization."""
    return unseen(AuditRow.objects.all(), organization_id=organization_id)


def organizations_naming(person_id: UUID) -> set[UUID]:
    """Return the organizations whose trail names a person, as who acted or was acted upon."""
    name = str(person_id)
    rows = AuditRow.objects.filter(organization_id__isnull=False)
    found = [
        *rows.filter(actor_id=name).values_list("organization_id", flat=True).distinct(),
        *rows.filter(target_id=name).values_list("organization_id", flat=True).distinct(),
    ]
    return {each for each in found if each}


def _id_at(at: datetime, apart: timedelta) -> UUID:
    milliseconds = int((at.timestamp() + apart.total_seconds()) * 1000)
    return UUID(int=min(max(milliseconds, 0), _ID_LIMIT - 1) << 80)
