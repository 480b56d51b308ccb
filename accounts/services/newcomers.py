"""People who get an account because somebody else has proved their mailbox."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password

from accounts.models import Registration, User
from accounts.rules.addresses import Address
from accounts.services import sessions
from audit.events import Event
from audit.parties import Actor
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin


def made(
    address: Address,
    *,
    name: str,
    reason: str,
    origin: Origin,
    now: datetime,
    by: Actor | None = None,
) -> User:
    """
    Make the person, without a password, in the caller's transaction; by themselves unless ``by``
    somebody else.

    :raises django.db.IntegrityError: the address is somebody's already
    """
    person = User(
        email=address.email,
        name=name,
        password=make_password(None),
        email_verified_at=now,
        created_at=now,
    )
    person.save(force_insert=True)
    # Somebody may have chosen a password for this address and waits for its owner to click.
    Registration.objects.filter(email_key=address.key).delete()
    get_audit_service().record(
        Event.USER_CREATED,
        actor=by or sessions.actor_of(person),
        target=sessions.target_of(person),
        origin=origin,
        reason=reason,
        now=now,
    )
    return person
