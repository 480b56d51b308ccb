"""Sign-ins that wait for a second factor, each behind a token that only its client has."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from accounts import controls
from accounts.models import PendingSignIn, User
from accounts.services import factor_codes
from accounts.services.federation import Voucher
from audit.events import Event
from audit.parties import Actor
from audit.services.record import get_audit_service
from plinto.kernel.crypto import keyed_digest, new_token, token_digest
from plinto.kernel.origin import Origin
from resilience import trimming
from resilience.contract import enforces

LIVES_FOR = timedelta(minutes=5)


class Door(StrEnum):
    """Where a sign-in began; it can only be finished there."""

    API = "api"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Awaiting:
    """What a client is given instead of a session: a token, and the factors that complete it."""

    token: str = field(repr=False)
    methods: list[str]


def ask(
    person: User,
    *,
    methods: list[str],
    password_upgrade: str | None,
    door: Door,
    voucher: Voucher | None,
    actor: Actor,
    origin: Origin,
    now: datetime,
) -> Awaiting:
    """Write down that the first proof was right, and ask for the second."""
    token, encoded = new_token("plm_"), person.password
    with transaction.atomic():
        mine = User.objects.filter(pk=person.pk, password=encoded)
        if password_upgrade and mine.update(password=password_upgrade):
            encoded = password_upgrade
        PendingSignIn.objects.create(
            user=person,
            door=door.value,
            methods=methods,
            sealed_statement=voucher.sealed() if voucher else None,
            password_digest=_binding(encoded),
            token_digest=token_digest(token),
            created_at=now,
            expires_at=now + LIVES_FOR,
        )
        get_audit_service().record(
            Event.SESSION_FACTOR_ASKED,
            actor=actor,
            target=actor.as_target(),
            origin=origin,
            now=now,
        )
    return Awaiting(token, factor_codes.available(person.pk))


def find(token: str, *, door: Door, now: datetime) -> PendingSignIn | None:
    """Find what a token may still complete, with its person."""
    waiting = PendingSignIn.objects.select_related("user").filter(used_at=None, expires_at__gt=now)
    return waiting.filter(token_digest=token_digest(token), door=door.value).first()


def voucher_of(pending: PendingSignIn) -> Voucher | None:
    """Return what was vouched for, if the sign-in came by a connection."""
    return Voucher.opened(pending.sealed_statement) if pending.sealed_statement else None


@enforces(controls.SECOND_FACTORS)
def spend(pending: PendingSignIn, *, person: User, now: datetime) -> bool:
    """Use one up; false when somebody else was faster, or the password is another by now."""
    is_bound = hmac.compare_digest(bytes(pending.password_digest), _binding(person.password))
    return is_bound and bool(
        PendingSignIn.objects.filter(pk=pending.pk, used_at=None).update(used_at=now)
    )


def void(user_id: UUID) -> None:
    """Let nothing come of what a person's sign-ins wait for."""
    PendingSignIn.objects.filter(user_id=user_id).delete()


def trim(*, now: datetime) -> int:
    """Delete what has expired."""
    return trimming.delete(PendingSignIn.objects.filter(expires_at__lt=now))


def _binding(encoded: str) -> bytes:
    return keyed_digest(encoded, purpose="pending sign-in binding")
