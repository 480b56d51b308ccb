"""Telling people by mail of a sign-in from a device or a network that is new to their account."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from accounts import letter_controls
from accounts.models import Session
from accounts.rules import devices
from accounts.services.mail import get_email_service
from resilience import trimming
from resilience.contract import enforces

# Session rows are the memory of it, so they are kept as long.
REMEMBERED_FOR = timedelta(days=90)


@enforces(letter_controls.NEWS_OF_SIGN_INS)
def tell_if_new(session: Session, *, now: datetime) -> None:
    """
    Mail the person of a session that has just been written, unless they know of its device.

    Known is a device of one kind ("Firefox on Linux") at one network that was seen within ninety
    days; the first session ever is no news. In the caller's transaction, which holds the person's
    row: of two sign-ins at once from one new device the second finds the first. ``last_login`` of
    ``session.user`` is that of before.
    """
    others = Session.objects.filter(user_id=session.user_id).exclude(pk=session.pk).order_by()
    here = others.filter(network=session.network, last_seen_at__gt=now - REMEMBERED_FOR)
    device = devices.describe(session.agent)
    seen = here.values_list("agent", flat=True).distinct()
    if any(devices.describe(agent) == device for agent in seen):
        return
    person = session.user
    if person.last_login is None and not others.exists():
        return
    get_email_service().queue(
        "new_device",
        to=person.email,
        context={
            "name": person.name,
            "device": device,
            "address": session.address,
            "time": now,
            "link": f"{settings.APP_URL}/reset-password",
        },
        now=now,
    )


def trim(*, now: datetime) -> int:
    """Delete sessions that ended or expired a session's life ago and whose device is forgotten."""
    forgotten = Session.objects.filter(last_seen_at__lt=now - REMEMBERED_FOR)
    return trimming.delete(forgotten.filter(expires_at__lt=now - settings.SESSION_LIFETIME))
