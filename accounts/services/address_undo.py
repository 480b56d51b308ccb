"""
Taking an address back: the way home for somebody whose address a thief has changed.

The link goes to the address that was given up and needs no sign-in: the thief may hold every
session and know the password. It asks for nothing the thief could have changed, and leaves them
nothing but the second factor, which no mail takes away.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import letter_controls
from accounts.errors import InvalidCode
from accounts.models import UndoLink, User
from accounts.rules.addresses import Address
from accounts.services import (
    address_moves,
    mailed_links,
    member_notes,
    password_links,
    sessions,
)
from accounts.services.mail import get_email_service
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.exceptions import ConflictError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

LIVES_FOR = timedelta(hours=24)

_NOBODY = UUID(int=0)


def offer(person: User, former: Address, *, origin: Origin, now: datetime) -> None:
    """Tell the address that a person gave up, with a link that takes it back."""
    token = new_token("plu_")
    mail_id = get_email_service().queue(
        "address_changed",
        to=former.email,
        context={
            "name": person.name,
            "address": origin.address,
            "agent": origin.agent,
            "time": now,
            "link": f"{settings.APP_URL}/undo-email#token={token}",
            "expires_in_hours": LIVES_FOR // timedelta(hours=1),
        },
        now=now,
    )
    UndoLink.objects.create(
        user=person,
        email=former.email,
        email_key=former.key,
        mail_id=mail_id,
        token_digest=token_digest(token),
        created_at=now,
        expires_at=now + LIVES_FOR,
    )


@enforces(letter_controls.ADDRESS_CHANGES)
def undo(token: str, *, origin: Origin, now: datetime) -> None:
    """
    Give a person their former address back, end every session, and mail a link for a new password.

    The password is dropped, for it may be a thief's. Links to undo later changes die, because
    those went to addresses the thief chose; second factors stay.

    :raises InvalidCode: unknown, used or expired, or the person is switched off
    :raises ConflictError: somebody else has the address by now; the link stays good
    """
    try:
        _restore(token, origin=origin, now=now)
    except (InvalidCode, ConflictError) as refusal:
        get_audit_service().record_refusal(
            Event.EMAIL_RESTORED,
            actor=ANONYMOUS,
            target=Target("undo_link"),
            origin=origin,
            reason=refusal.reason,
        )
        raise


@after_conflicts
def _restore(token: str, *, origin: Origin, now: datetime) -> None:
    with transaction.atomic():
        link = mailed_links.find(UndoLink, token, now=now)
        held = User.objects.select_for_update().filter(is_active=True)
        person = held.filter(pk=(link and link.user_id) or _NOBODY).first()
        if link is None or person is None:
            raise InvalidCode(reason="unknown, used or expired")
        if not mailed_links.spend(link, now=now):
            raise InvalidCode(reason="used meanwhile")
        later = UndoLink.objects.filter(user=person, created_at__gte=link.created_at, used_at=None)
        later.update(used_at=now)
        changes = {"email": (person.email, link.email)}
        address_moves.move(
            person,
            Address(link.email, link.email_key),
            now=now,
            password=make_password(None),
            password_changed_at=now,
        )
        actor = sessions.actor_of(person)
        for event in (Event.EMAIL_RESTORED, Event.PASSWORD_DROPPED):
            get_audit_service().record(
                event,
                actor=actor,
                target=sessions.target_of(person),
                origin=origin,
                changes=changes if event is Event.EMAIL_RESTORED else None,
                now=now,
            )
        member_notes.follow(
            Event.EMAIL_RESTORED, person, actor=actor, origin=origin, changes=changes, now=now
        )
        sessions.end_all(person.pk, reason="address restored", actor=actor, origin=origin, now=now)
        password_links.issue(person, template="address_restored", origin=origin, now=now)


def prolong(mail_id: UUID, *, sent_at: datetime) -> None:
    """Count the life of a link from when its mail was sent, when that was late."""
    mailed_links.prolong(UndoLink, mail_id, expires_at=sent_at + LIVES_FOR)


def trim(*, now: datetime) -> int:
    """Delete links that have expired."""
    return mailed_links.trim(UndoLink, now=now)
