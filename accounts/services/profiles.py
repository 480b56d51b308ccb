"""What a person may say of themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.models import User
from accounts.services import member_notes, people, sessions, standing
from accounts.services.standing import Standing
from audit.events import Event
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin
from resilience.contract import enforces


@enforces(controls.PROFILES)
def update(
    who: Standing, *, fields: dict[str, Any], origin: Origin, now: datetime
) -> dict[str, Any]:
    """
    Change the given profile fields and return the profile as it is now.

    The next request on any worker sees the change.

    :raises SessionEnded: the person is gone, or was switched off a moment ago
    """
    with transaction.atomic():
        user = people.hold(who)
        changes = {
            name: (getattr(user, name), value)
            for name, value in fields.items()
            if getattr(user, name) != value
        }
        if changes:
            User.objects.filter(pk=user.pk).update(
                version=F("version") + 1, **{name: value for name, (_, value) in changes.items()}
            )
            get_audit_service().record(
                Event.USER_UPDATED,
                actor=who.actor,
                target=sessions.target_of(user),
                origin=origin,
                session_id=who.session_id,
                changes=changes,
                now=now,
            )
            member_notes.follow(
                Event.USER_UPDATED,
                user,
                actor=who.actor,
                origin=origin,
                changes=changes,
                now=now,
            )
            transaction.on_commit(lambda: standing.refresh_person(user.pk))
            user.refresh_from_db()
    return standing.person_facts(user)
