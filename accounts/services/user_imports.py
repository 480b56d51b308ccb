"""People who come from another system, with the passwords they have there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from accounts.rules import foreign_hashes
from accounts.rules.addresses import canonical
from accounts.services import sessions
from audit.events import Event
from audit.parties import SYSTEM
from audit.services.record import Entry, get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience.retrying import after_conflicts


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    One person to import.

    ``password_hash`` counts only for a proved address: somebody may have chosen that password
    for a mailbox they do not read, and wait for its owner.
    """

    email: str
    name: str = ""
    email_verified: bool = False
    password_hash: str = ""
    locale: str = ""
    timezone: str = ""
    is_active: bool = True
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an arrival; ``reason`` says why it was not taken, fit for a report."""

    reason: str = ""
    has_password: bool = False


@after_conflicts
def take(arrivals: Sequence[Arrival], *, now: datetime, is_rehearsal: bool = False) -> list[Taken]:
    """
    Import a batch in one transaction, each person with a row in the trail.

    Who cannot be taken hinders nobody else. Of two arrivals with one address, in whatever
    spelling, the first is taken; so is whoever registered before. A rehearsal writes nothing.
    """
    outcomes: list[Taken | None] = [None] * len(arrivals)
    people: dict[int, User] = {}
    keys: set[str] = set()
    for number, arrival in enumerate(arrivals):
        try:
            person = _person(arrival, now=now)
        except ValueError as error:
            outcomes[number] = Taken(reason=str(error))
            continue
        if person.email_key in keys:
            outcomes[number] = _TAKEN
            continue
        keys.add(person.email_key)
        people[number] = person
    with transaction.atomic():
        here = set(User.objects.filter(email_key__in=keys).values_list("email_key", flat=True))
        new = [person for person in people.values() if person.email_key not in here]
        if not is_rehearsal:
            new = _insert(new, now=now)
    added = {person.pk for person in new}
    for number, person in people.items():
        is_new = person.pk in added
        outcomes[number] = Taken(has_password=person.has_usable_password()) if is_new else _TAKEN
    return [outcome for outcome in outcomes if outcome is not None]


_TAKEN = Taken(reason="The address has an account already.")


def _person(arrival: Arrival, *, now: datetime) -> User:
    address = canonical(arrival.email)
    encoded = make_password(None)
    if arrival.password_hash:
        foreign = foreign_hashes.stored(arrival.password_hash)
        encoded = foreign if arrival.email_verified else encoded
    return User(
        email=address.email,
        email_key=address.key,
        name=arrival.name,
        password=encoded,
        email_verified_at=now if arrival.email_verified else None,
        locale=arrival.locale,
        timezone=arrival.timezone,
        is_active=arrival.is_active,
        created_at=min(arrival.created_at or now, now),
    )


def _insert(people: list[User], *, now: datetime) -> list[User]:
    """Insert whom nobody forestalled meanwhile, and return them."""
    User.objects.bulk_create(people, ignore_conflicts=True)
    ours = set(
        User.objects.filter(pk__in=[person.pk for person in people]).values_list("pk", flat=True)
    )
    added = [person for person in people if person.pk in ours]
    get_audit_service().record_all(
        Entry(
            event=Event.USER_IMPORTED,
            actor=SYSTEM,
            target=sessions.target_of(person),
            origin=NOWHERE,
            now=now,
        )
        for person in added
    )
    return added
