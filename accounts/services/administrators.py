"""The first administrator of a deployment."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.services import passwords, sessions
from audit.events import Event
from audit.parties import SYSTEM
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE


def create_first(*, email: str, now: datetime) -> str | None:
    """
    Create an administrator if there was never one, and return the password, shown only here.

    Only a command on the server calls this: a web page that does is a race for whoever finds it
    first. Returns None when there is one already, active or not.

    :raises ValueError: ``email`` is not an address
    """
    password = secrets.token_urlsafe(18)
    encoded = passwords.encode(password)
    with transaction.atomic():
        if User.objects.filter(is_superuser=True).exists():
            return None
        user = User(
            email=email,
            password=encoded,
            is_staff=True,
            is_superuser=True,
            email_verified_at=now,
            password_changed_at=now,
        )
        user.save(force_insert=True)
        get_audit_service().record(
            Event.ADMINISTRATOR_CREATED,
            actor=SYSTEM,
            target=sessions.target_of(user),
            origin=NOWHERE,
            now=now,
        )
    return password
