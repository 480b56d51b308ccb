"""A person's own passkeys: added, listed, named, removed, and asked for to prove who one is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import InvalidCode, ReauthenticationRequired, SessionEnded
from accounts.models import Passkey, User
from accounts.passkey_controls import PASSKEYS
from accounts.rules import devices
from accounts.services import (
    ceremonies,
    factor_changes,
    factor_codes,
    factor_letters,
    passkey_challenges,
    passkey_proofs,
    pending_sign_ins,
    people,
)
from accounts.services.ceremonies import Attestation, Made
from accounts.services.factor_codes import Answer
from accounts.services.passkey_challenges import Occasion, Purpose
from accounts.services.standing import Standing
from audit.events import Event
from plinto.kernel import pages
from plinto.kernel.exceptions import ConflictError, NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

MOST = 20
_TOO_MANY = f"You have {MOST} passkeys. Remove one first."


@dataclass(frozen=True, slots=True)
class Added:
    """A new passkey, and the recovery codes if it is the first factor; they are shown this once."""

    passkey: Passkey
    recovery_codes: list[str] | None = field(repr=False)


def of_user(user_id: UUID, *, wanted: pages.PageRequest) -> pages.Page[Passkey]:
    """List a person's passkeys, newest first."""
    return pages.cut(Passkey.objects.filter(user_id=user_id), wanted=wanted)


@enforces(PASSKEYS)
def options(who: Standing, purpose: Purpose, *, now: datetime) -> dict[str, Any]:
    """
    Say what the browser is to ask an authenticator for: a new passkey, or a proof by an old one.

    :raises ReauthenticationRequired: a new one is wanted, and the last proof is too old
    :raises ConflictError: there are twenty already, or there is none to prove oneself with
    """
    held = passkey_proofs.held_by(who.user_id)
    occasion = Occasion(purpose, who.session_id)
    if purpose is Purpose.REGISTER:
        if not who.has_proved_lately(now):
            raise ReauthenticationRequired(reason="the last proof is too old")
        if len(held) >= MOST:
            raise ConflictError(_TOO_MANY, reason="too many passkeys")
        person = User.objects.filter(pk=who.user_id).first()
        if person is None:
            raise SessionEnded(reason="person is gone")
        challenge = passkey_challenges.issue(occasion, user_id=person.pk, now=now)
        return ceremonies.creation_options(person, held, challenge=challenge)
    if not held:
        raise ConflictError("You have no passkey.", reason="no passkey")
    challenge = passkey_challenges.issue(occasion, user_id=who.user_id, now=now)
    return ceremonies.request_options(held, challenge=challenge)


@enforces(PASSKEYS)
def add(
    who: Standing, attestation: Attestation, *, name: str, origin: Origin, now: datetime
) -> Added:
    """
    Keep a key that an authenticator made, under ``name`` or else that of the device.

    :raises InvalidCode: it is not genuine, or was not asked for by this session
    :raises TooManyAttempts: too many that were not
    :raises ConflictError: there are twenty already, or somebody has this very key
    """
    trying = factor_changes.tried(
        who, Answer(), wanting=Event.PASSKEY_ADDED, origin=origin, now=now
    )
    with trying:
        made = ceremonies.made(attestation)
        return _keep(who, made, attestation, name=name, origin=origin, now=now)


@enforces(PASSKEYS)
@after_conflicts
def rename(who: Standing, passkey_id: UUID, *, name: str, origin: Origin, now: datetime) -> Passkey:
    """
    Give a passkey another name.

    :raises NotFoundError: it is gone, or is not theirs
    """
    with transaction.atomic():
        person = people.hold(who)
        passkey = Passkey.objects.filter(pk=passkey_id, user=person).first()
        if passkey is None:
            raise NotFoundError
        before, passkey.name = passkey.name, name
        passkey.save(update_fields=["name"])
        changes = {"name": (before, name)}
        event = Event.PASSKEY_RENAMED
        factor_changes.record(event, who, person, origin=origin, now=now, changes=changes)
    return passkey


@enforces(PASSKEYS)
@after_conflicts
def remove(who: Standing, passkey_id: UUID, *, origin: Origin, now: datetime) -> None:
    """
    Remove a passkey, so that it is refused from now on; the recovery codes go with the last factor.

    :raises NotFoundError: it is gone, or is not theirs
    """
    with transaction.atomic():
        person = people.hold(who)
        deleted, _ = Passkey.objects.filter(pk=passkey_id, user=person).delete()
        if not deleted:
            raise NotFoundError
        pending_sign_ins.void(person.pk)
        factor_codes.drop_leftovers(person.pk)
        is_last = not factor_codes.any_of(person.pk)
        told = factor_letters.removed("passkey", is_last=is_last)
        factor_letters.tell(person, told, origin=origin, now=now)
        reason, event = _named(passkey_id), Event.PASSKEY_REMOVED
        factor_changes.changed(event, who, person, origin=origin, now=now, reason=reason)
        if is_last:
            factor_changes.tell_members(event, who, person, origin=origin, now=now)


@after_conflicts
def _keep(
    who: Standing,
    made: Made,
    attestation: Attestation,
    *,
    name: str,
    origin: Origin,
    now: datetime,
) -> Added:
    occasion = Occasion(Purpose.REGISTER, who.session_id)
    with transaction.atomic():
        # Whoever adds holds the person, so of any number at once the twenty-first counts twenty.
        person = people.hold(who)
        if not passkey_challenges.spend(attestation.challenge, occasion, now=now):
            raise InvalidCode(reason="no such challenge")
        if Passkey.objects.filter(user=person).count() >= MOST:
            raise ConflictError(_TOO_MANY, reason="too many passkeys")
        is_first = not factor_codes.any_of(person.pk)
        name = name or devices.describe(origin.agent)
        passkey = _insert(person, made, attestation.transports, name=name, now=now)
        codes = factor_codes.renew_recovery_codes(person.pk, now=now) if is_first else None
        factor_changes.note_proof(who, passkey_proofs.methods_of(passkey))
        reason, event = _named(passkey.pk), Event.PASSKEY_ADDED
        factor_changes.changed(event, who, person, origin=origin, now=now, reason=reason)
        factor_letters.tell(person, factor_letters.PASSKEY_ADDED, origin=origin, now=now)
    return Added(passkey, codes)


def _insert(
    person: User, made: Made, transports: list[str], *, name: str, now: datetime
) -> Passkey:
    passkey = Passkey(
        user=person,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        transports=transports,
        aaguid=made.aaguid,
        is_backup_eligible=made.is_backup_eligible,
        is_backed_up=made.is_backed_up,
        name=name,
        created_at=now,
    )
    try:
        with transaction.atomic():
            passkey.save(force_insert=True)
    except IntegrityError as error:
        told = "This passkey is in use already."
        raise ConflictError(told, reason="credential id is taken") from error
    return passkey


def _named(passkey_id: UUID) -> str:
    return f"passkey {passkey_id}"
