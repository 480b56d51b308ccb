"""
Pausing what fails: at once for who says 410, after five days for who never answers well.

A paused endpoint loses nothing; its organization is told by mail, so that somebody can mend it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import User
from accounts.services import owners
from accounts.services.mail import get_email_service
from audit.events import Event
from audit.parties import SYSTEM, Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from webhooks.models import Attempt, Endpoint
from webhooks.services.tries import Try

PAUSE_AFTER = timedelta(days=5)
# No two tries of one message are further apart than this, so a longer silence had nothing to say.
_STREAK_ENDS = timedelta(days=2)
_WHAT = {
    Endpoint.Pause.FAILING: "It has not accepted a single message for five days.",
    Endpoint.Pause.GONE: "It answered 410, which asks for no more messages.",
}


def recovered(endpoint: Endpoint) -> None:
    """End a streak of failures."""
    if endpoint.failing_since:
        Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)


def failed(endpoint: Endpoint, made: Try, *, now: datetime) -> None:
    """Begin or lengthen a streak of failures; pause the endpoint if that was enough."""
    if made.is_gone:
        _pause(endpoint, Endpoint.Pause.GONE, now=now)
    elif endpoint.failing_since is None:
        mine = Endpoint.objects.filter(pk=endpoint.pk, failing_since=None)
        mine.update(failing_since=made.started_at)
    elif made.started_at - endpoint.failing_since >= PAUSE_AFTER:
        if _was_tried_lately(endpoint, made):
            _pause(endpoint, Endpoint.Pause.FAILING, now=now)
        else:
            Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=made.started_at)


def _was_tried_lately(endpoint: Endpoint, made: Try) -> bool:
    """A failure of long ago and one of today are no five days of failing."""
    return Attempt.objects.filter(
        delivery__endpoint=endpoint.pk,
        started_at__lt=made.started_at,
        started_at__gte=made.started_at - _STREAK_ENDS,
    ).exists()


def _pause(endpoint: Endpoint, because: Endpoint.Pause, *, now: datetime) -> None:
    # Who changed the address or enabled it meanwhile has begun anew.
    mine = Endpoint.objects.filter(pk=endpoint.pk, state=Endpoint.State.ACTIVE, url=endpoint.url)
    if because == Endpoint.Pause.FAILING:
        mine = mine.filter(failing_since=endpoint.failing_since)
    if not mine.update(state=Endpoint.State.PAUSED, paused_at=now, paused_because=because):
        return
    get_audit_service().record(
        Event.ENDPOINT_PAUSED,
        actor=SYSTEM,
        target=Target("endpoint", id=str(endpoint.pk)),
        origin=NOWHERE,
        organization_id=endpoint.organization_id,
        changes={"state": (Endpoint.State.ACTIVE.value, Endpoint.State.PAUSED.value)},
        reason=because.value,
        now=now,
    )
    for person in _told_of(endpoint):
        get_email_service().queue(
            "webhook_paused",
            to=person.email,
            context={
                "name": person.name,
                "receiver": urlsplit(endpoint.url).hostname or "",
                "what": _WHAT[because],
                "time": now,
                "link": settings.APP_URL,
            },
            now=now,
        )


def _told_of(endpoint: Endpoint) -> QuerySet[User]:
    if endpoint.organization_id is None:
        return User.objects.filter(is_active=True, is_staff=True, is_superuser=True)
    return owners.of(endpoint.organization_id)
