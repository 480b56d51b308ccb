"""Giving a person another address: one statement, decided by the unique key of addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import letter_controls
from accounts.models import AddressChange, Registration, User
from accounts.rules.addresses import Address
from accounts.services import mailbox_proofs, standing
from plinto.kernel.exceptions import ConflictError
from resilience.contract import enforces


@enforces(letter_controls.ADDRESS_CHANGES)
def move(person: User, address: Address, *, now: datetime, **columns: Any) -> None:
    """
    Give a person who is held another address, which is proved, in the caller's transaction.

    Codes, links and registrations that wait for either address come to nothing.

    :raises ConflictError: somebody else has it
    """
    keys = [person.email_key, address.key]
    try:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(
                email=address.email,
                email_key=address.key,
                email_verified_at=now,
                version=F("version") + 1,
                **columns,
            )
    except IntegrityError as error:
        told = "There is an account under this address."
        raise ConflictError(told, reason="address is taken") from error
    AddressChange.objects.filter(user=person).delete()
    mailbox_proofs.void(*keys, now=now)
    Registration.objects.filter(email_key__in=keys).delete()
    person.refresh_from_db()
    transaction.on_commit(lambda: standing.refresh_person(person.pk))
