"""Signing up: a registration waits until its mailbox is proved, and only then is it a person."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from accounts import controls
from accounts.models import Registration, User
from accounts.rules import addresses
from accounts.rules.addresses import Address
from accounts.services import attempts, mailbox_proofs, mailboxes, passwords, terms
from accounts.services.attempts import Bucket
from accounts.services.mail import GIVE_UP_AFTER
from audit.events import Event
from audit.models import AuditRow
from audit.parties import ANONYMOUS
from audit.services.record import Entry, get_audit_service
from plinto.kernel import rows
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.exceptions import ValidationError
from plinto.kernel.origin import Origin
from resilience import trimming
from resilience.contract import enforces

# As long again as a mail may be on its way, so a late link still finds its registration.
WAITS_FOR = 2 * GIVE_UP_AFTER


@enforces(controls.SIGN_UP)
def register(
    *, email: str, password: str, name: str, terms_version: str, origin: Origin, now: datetime
) -> str:
    """
    Let a registration wait for its mailbox to be proved, and return its handle.

    A taken address takes the same steps, hash included, and gets the same answer; its owner is
    told by mail. What differs is the mail, which the worker writes later.

    :raises ValidationError: the address, the password or the version of the terms is not acceptable
    """
    terms.require(terms_version, field="terms_version")
    address = read_address(email)
    passwords.judge(password, email=address.email, name=name)
    encoded = passwords.encode(password)
    handle = new_token("plg_")
    owner = _owner_writes(address)
    wait = attempts.count(Bucket.of(attempts.MAIL, address.key), now=now)
    registration = Registration(
        email=address.email,
        email_key=address.key,
        name=name,
        password=encoded,
        handle_digest=token_digest(handle),
        terms_version=terms_version,
        terms_address=origin.address if terms_version else "",
        created_at=now,
        expires_at=now + WAITS_FOR,
    )
    letter = mailbox_proofs.drawn(
        Address(owner or address.email, address.key),
        name=name,
        is_taken=owner is not None,
        suppressed=bool(wait),
        now=now,
    )
    rows.insert([registration, *letter, _row(Event.USER_REGISTERED, address, origin)])
    return handle


@enforces(controls.SIGN_UP)
def resend(*, email: str, origin: Origin, now: datetime) -> None:
    """
    Mail a new link and code, if the address waits for one; the answer never says whether.

    :raises ValidationError: it is not an address
    """
    address = read_address(email)
    registration = waiting(address, now=now).first()
    owner = User.objects.filter(email_key=address.key).first()
    # Mail goes to the address as it was stored; the one in the request is another spelling.
    wanted = owner or registration
    if owner and owner.email_verified_at:
        wanted = None
    wait = attempts.count(Bucket.of(attempts.MAIL, address.key), now=now)
    letter = mailbox_proofs.drawn(
        Address(wanted.email if wanted else address.email, address.key),
        name=wanted.name if wanted else "",
        is_taken=False,
        suppressed=bool(wait) or wanted is None,
        now=now,
    )
    rows.insert([*letter, _row(Event.EMAIL_VERIFICATION_REQUESTED, address, origin)])


def waiting(address: Address, *, now: datetime) -> QuerySet[Registration]:
    """Registrations of an address that still wait, newest first."""
    return Registration.objects.filter(email_key=address.key, expires_at__gt=now).order_by("-pk")


def read_address(email: str) -> Address:
    """
    Read an address from a body.

    :raises ValidationError: naming the field
    """
    try:
        return addresses.canonical(email)
    except ValueError as error:
        raise ValidationError(fields={"email": [str(error)]}) from error


def trim(*, now: datetime) -> int:
    """Delete what waited in vain."""
    return trimming.delete(Registration.objects.filter(expires_at__lt=now))


def _owner_writes(address: Address) -> str | None:
    """Return an address as its owner, if there is one, writes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT email FROM accounts_user WHERE email_key = %s", [address.key])
        found = cursor.fetchone()
    return found[0] if found else None


def _row(event: Event, address: Address, origin: Origin) -> AuditRow:
    target = mailboxes.target_of(address)
    entry = Entry(event=event, actor=ANONYMOUS, target=target, origin=origin)
    return get_audit_service().row(entry)
