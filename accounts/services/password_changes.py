"""Changing one's own password while signed in."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.errors import InvalidCredentials
from accounts.models import User
from accounts.services import password_links, passwords, sessions, sign_in, standing
from accounts.services.standing import Standing
from audit.events import Event
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts


@enforces(controls.SIGN_IN, controls.SESSION_REVOCATION)
def change(who: Standing, *, current: str, new: str, origin: Origin, now: datetime) -> None:
    """
    Replace the password, end the person's other sessions, and tell them by mail.

    :raises InvalidCredentials: the current password is wrong, or changed meanwhile
    :raises TooManyAttempts: too many wrong ones
    :raises ValidationError: the new password is not acceptable
    """
    user = sign_in.prove(who, current, origin=origin, now=now, wanting=Event.PASSWORD_CHANGED)
    passwords.judge_for(user, new, field="new_password")
    if passwords.is_right(user.password, new):
        raise ValidationError(fields={"new_password": ["This is the password you have."]})
    _replace(who, user, passwords.encode(new), origin=origin, now=now)


@after_conflicts
def _replace(who: Standing, user: User, encoded: str, *, origin: Origin, now: datetime) -> None:
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, password=user.password).update(
            password=encoded, password_changed_at=now, version=F("version") + 1
        )
        if not changed:
            raise InvalidCredentials("The password is wrong.", reason="changed meanwhile")
        get_audit_service().record(
            Event.PASSWORD_CHANGED,
            actor=who.actor,
            target=sessions.target_of(user),
            origin=origin,
            session_id=who.session_id,
        )
        sessions.end_all(
            user.pk,
            reason="password changed",
            actor=who.actor,
            origin=origin,
            now=now,
            keep=who.session_id,
        )
        password_links.tell_owner(user, origin=origin, now=now)
        transaction.on_commit(lambda: standing.refresh_person(user.pk))
