"""
Carrying the trail of an organization away, asked for and taken by whoever may read it.

A file belongs to the organization: who else may read the trail may take it too, since it holds
nothing that they could not list, and who may no longer read the trail may not take it either,
also if they asked for it.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from uuid import UUID

from accounts.errors import TooManyAttempts
from accounts.models import Organization
from accounts.rules import permissions
from accounts.services.access import Caller, get_rbac_service
from accounts.services.api_key_standing import KeyStanding
from accounts.services.organization_acts import Acting, Attempt, acting
from audit import export_controls as controls
from audit.events import Event
from audit.export_errors import TrailExportWaiting
from audit.models import TrailExport
from audit.parties import Target
from audit.services import reading, trail_exports
from audit.services.reading import Filters
from audit.services.trail_exports import File
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.leases import State
from resilience.retrying import after_conflicts

# Rows outlive the window by days, so they are what is counted.
MOST, _WINDOW = 10, timedelta(days=1)


@enforces(controls.TRAIL_EXPORTS)
@after_conflicts
def request(
    who: Caller,
    organization_id: UUID,
    *,
    format: str,
    filters: Filters,
    origin: Origin,
    now: datetime,
) -> TrailExport:
    """
    Ask for the trail as a file, or join the same wish of before that is being written.

    :raises NotFoundError: whoever asks is not of the organization, or there is none
    :raises AuthorizationError: they lack ``audit:read``, or a second factor
    :raises TrailExportWaiting: another one that they asked for is being written
    :raises TooManyAttempts: too many were asked for in this organization within a day
    """
    target, event = Target("trail_export"), Event.TRAIL_EXPORT_REQUESTED
    with acting(Attempt(who, organization_id, event, target, origin, now)) as act:
        act.require(permissions.READ_AUDIT)
        if waiting := _waiting(who, organization_id):
            if (waiting.format, waiting.filters) != (format, filters.told()):
                raise TrailExportWaiting(reason="another one waits")
            return waiting
        return _begin(act, who, TrailExport.Format(format), filters)


@enforces(controls.TRAIL_EXPORTS)
@after_conflicts
def take(
    who: Caller, organization_id: UUID, export_id: UUID, *, origin: Origin, now: datetime
) -> TrailExport | File:
    """
    Hand out a file, as often as it is asked for, or the export that is still being written.

    :raises NotFoundError: there is none, its time is over, or none for who asks
    :raises AuthorizationError: they lack ``audit:read``, or a second factor
    """
    get_rbac_service().require(who, organization_id, permissions.READ_AUDIT, now=now)
    found = trail_exports.found(organization_id, export_id, now=now)
    if isinstance(found, File):
        target, event = _target(found.export), Event.TRAIL_EXPORT_TAKEN
        with acting(Attempt(who, organization_id, event, target, origin, now)) as act:
            act.require(permissions.READ_AUDIT)
            act.record()
    return found


def forget(person_id: UUID) -> None:
    """
    Void the files that may tell of somebody who is erased, in that transaction.

    The organizations are held, so that no export begins beside it that still finds their key.
    """
    of_theirs = reading.organizations_naming(person_id)
    held = Organization.objects.select_for_update(no_key=True).filter(pk__in=of_theirs)
    list(held.order_by("pk").values_list("pk"))
    trail_exports.void(of_theirs)


def _waiting(who: Caller, organization_id: UUID) -> TrailExport | None:
    mine = trail_exports.of(organization_id).filter(requested_by=_id_of(who))
    return mine.filter(state=State.DUE).first()


def _begin(act: Acting, who: Caller, format: TrailExport.Format, filters: Filters) -> TrailExport:
    attempt = act.attempt
    lately = trail_exports.of(act.organization.pk).filter(requested_at__gt=attempt.now - _WINDOW)
    asked = list(lately.order_by("requested_at").values_list("requested_at", flat=True))
    if len(asked) >= MOST:
        wait = math.ceil((asked[0] + _WINDOW - attempt.now).total_seconds())
        raise TooManyAttempts(retry_after=wait, is_new=False, reason="exports of a day")
    export = TrailExport.objects.create(
        organization_id=act.organization.pk,
        requested_by=_id_of(who),
        requested_at=attempt.now,
        due_at=attempt.now,
        format=format,
        filters=filters.told(),
    )
    told = {"format": (None, format.value)}
    told |= {name: (None, text) for name, text in filters.told().items()}
    act.record(target=_target(export), changes=told)
    return export


def _id_of(who: Caller) -> UUID:
    return who.key_id if isinstance(who, KeyStanding) else who.user_id


def _target(export: TrailExport) -> Target:
    return Target("trail_export", id=str(export.pk))
