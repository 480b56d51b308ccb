"""The first administrator of a deployment."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from accounts.services import password_links, sessions
from audit.events import Event
from audit.parties import SYSTEM
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE


def create_first(*, email: str, now: datetime) -> str | None:
    """
    Create an administrator if there was never one, and return a link that sets their password.

    The link is shown only here, works once and lives for half an hour: there is no initial
    password that could stay (ASVS 5.0, requirement 6.4.1). Until it was used, asking again for the
    same address gives another. Only a command on the server calls this: a web page that does is a
    race for whoever finds it first. Returns None when there is an administrator already, active
    or not, who has chosen a password or has another address.

    :raises ValueError: ``email`` is not an address
    """
    asked = User(
        email=email,
        password=make_password(None),
        is_staff=True,
        is_superuser=True,
        email_verified_at=now,
    )
    asked.clean()
    with transaction.atomic():
        there = list(User.objects.filter(is_superuser=True))
        if not there:
            _create(asked, now=now)
            there = [asked]
        [first, *others] = there
        if others or not _waits(first, asked):
            return None
        return password_links.issue_unmailed(first, now=now)


def _waits(first: User, asked: User) -> bool:
    """Whether the first administrator is who is asked for, and has not chosen a password yet."""
    is_same = first.is_active and first.email_key == asked.email_key
    return is_same and first.password_changed_at is None


def _create(user: User, *, now: datetime) -> None:
    user.save(force_insert=True)
    get_audit_service().record(
        Event.ADMINISTRATOR_CREATED,
        actor=SYSTEM,
        target=sessions.target_of(user),
        origin=NOWHERE,
        now=now,
    )
