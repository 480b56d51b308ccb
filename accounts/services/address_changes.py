"""
Changing one's own address: the new one is proved before it counts, the old one is told.

The proof is a code that is typed where the change was asked for, by the same signed-in person. A
link would not do: whoever asks for somebody else's address and waits for them to click would make
that mailbox vouch for a stranger's account (pre-hijacking; Sudhodanan and Paverd, 2022).
Other sessions go on. Ending them would help the thief of one session to get rid of the owner,
while the owner's way back, ``address_undo``, ends them all.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import letter_controls
from accounts.errors import InvalidCode, TooManyAttempts
from accounts.models import AddressChange, User
from accounts.rules.addresses import Address
from accounts.services import (
    address_moves,
    address_undo,
    attempts,
    member_notes,
    people,
    registrations,
    sessions,
    standing,
)
from accounts.services.attempts import Bucket
from accounts.services.mail import GIVE_UP_AFTER, get_email_service
from accounts.services.standing import Standing
from audit.events import Event
from audit.services.record import get_audit_service
from plinto.kernel.crypto import keyed_digest
from plinto.kernel.exceptions import ConflictError, ValidationError
from plinto.kernel.origin import Origin
from resilience import trimming
from resilience.contract import enforces
from resilience.retrying import after_conflicts

LIVES_FOR = timedelta(minutes=60)


@enforces(letter_controls.ADDRESS_CHANGES)
def request(who: Standing, *, email: str, origin: Origin, now: datetime) -> None:
    """
    Mail a code to the address that a signed-in person wants.

    A taken address gets the same answer after the same steps; its owner is told by mail.

    :raises ValidationError: it is no address, or the one they have
    :raises TooManyAttempts: they asked for five within the hour
    """
    address = registrations.read_address(email)
    if address.email == who.person["email"]:
        raise ValidationError(fields={"email": ["This is the address you have."]})
    try:
        attempts.take(Bucket.of(attempts.ADDRESS, who.user_id), now=now)
    except TooManyAttempts as refusal:
        _refused(Event.EMAIL_CHANGE_REQUESTED, who, refusal.reason, origin=origin)
        raise
    wait = attempts.count(Bucket.of(attempts.MAIL, address.key), now=now)
    _ask(who, address, is_suppressed=bool(wait), origin=origin, now=now)


@after_conflicts
def _ask(
    who: Standing, address: Address, *, is_suppressed: bool, origin: Origin, now: datetime
) -> None:
    code = f"{secrets.randbelow(1_000_000):06}"
    with transaction.atomic():
        person = people.hold(who, wholly=True)
        owner = User.objects.filter(email_key=address.key).exclude(pk=person.pk).first()
        mail_id = get_email_service().queue(
            "address_in_use" if owner else "confirm_address",
            # Mail goes to the address as its owner wrote it.
            to=owner.email if owner else address.email,
            context={
                "name": owner.name if owner else person.name,
                "code": code,
                "expires_in_minutes": LIVES_FOR // timedelta(minutes=1),
            },
            suppressed=is_suppressed,
            now=now,
        )
        AddressChange.objects.filter(user=person).delete()
        AddressChange.objects.create(
            user=person,
            email=address.email,
            email_key=address.key,
            mail_id=mail_id,
            code_digest=_digest(person.pk, address.key, code),
            created_at=now,
            expires_at=now + LIVES_FOR,
        )
        changes = {"email": (person.email, address.email)}
        _record(Event.EMAIL_CHANGE_REQUESTED, who, person, changes=changes, origin=origin, now=now)


@enforces(letter_controls.ADDRESS_CHANGES)
def confirm(who: Standing, code: str, *, origin: Origin, now: datetime) -> dict[str, Any]:
    """
    Make the new address count, tell the old one, and return the person as they are now.

    What was mailed to the old address before opens nothing any more.

    :raises InvalidCode: wrong, expired, or there is no change to confirm
    :raises TooManyAttempts: five wrong ones in a quarter of an hour
    :raises ConflictError: somebody else took the address meanwhile
    """
    bucket = Bucket.of(attempts.CODE, who.user_id)
    try:
        attempts.take(bucket, now=now)
        person = _settle(who, code, origin=origin, now=now)
    except (TooManyAttempts, InvalidCode, ConflictError) as refusal:
        _refused(Event.EMAIL_CHANGED, who, refusal.reason, origin=origin)
        raise
    attempts.forgive(cleared=[bucket], refunded=[])
    return standing.person_facts(person)


@after_conflicts
def _settle(who: Standing, code: str, *, origin: Origin, now: datetime) -> User:
    with transaction.atomic():
        person = people.hold(who, wholly=True)
        wanted = AddressChange.objects.filter(user=person, expires_at__gt=now).first()
        shown = _digest(person.pk, wanted.email_key if wanted else "", code)
        is_right = hmac.compare_digest(bytes(wanted.code_digest) if wanted else b"", shown)
        if wanted is None or not is_right:
            raise InvalidCode(reason="wrong code" if wanted else "no change waits")
        changes = {"email": (person.email, wanted.email)}
        former, proved_at = Address(person.email, person.email_key), person.email_verified_at
        address_moves.move(person, Address(wanted.email, wanted.email_key), now=now)
        _record(Event.EMAIL_CHANGED, who, person, changes=changes, origin=origin, now=now)
        # An address that nobody proved may be a stranger's, who must not get the account.
        if proved_at is not None:
            address_undo.offer(person, former, origin=origin, now=now)
    return person


def prolong(mail_id: UUID, *, sent_at: datetime) -> None:
    """Count the life of a code from when its mail was sent, when that was late."""
    AddressChange.objects.filter(mail_id=mail_id).update(expires_at=sent_at + LIVES_FOR)


def trim(*, now: datetime) -> int:
    """Delete changes that nobody confirmed, once no late mail can prolong them."""
    return trimming.delete(AddressChange.objects.filter(expires_at__lt=now - GIVE_UP_AFTER))


def _digest(user_id: UUID, email_key: str, code: str) -> bytes:
    # Keyed: a million codes are tried against a plain digest in a blink.
    return keyed_digest(f"{user_id}\x1f{email_key}\x1f{code}", purpose="address change code")


def _record(
    event: Event,
    who: Standing,
    person: User,
    *,
    changes: dict[str, tuple[str, str]],
    origin: Origin,
    now: datetime,
) -> None:
    get_audit_service().record(
        event,
        actor=who.actor,
        target=sessions.target_of(person),
        origin=origin,
        session_id=who.session_id,
        changes=changes,
        now=now,
    )
    member_notes.follow(event, person, actor=who.actor, origin=origin, changes=changes, now=now)


def _refused(event: Event, who: Standing, reason: str, *, origin: Origin) -> None:
    get_audit_service().record_refusal(
        event,
        actor=who.actor,
        target=who.actor.as_target(),
        origin=origin,
        session_id=who.session_id,
        reason=reason,
    )
