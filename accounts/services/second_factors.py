"""A person's own second factor: adding an app, removing it, and codes for when it is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import controls
from accounts.errors import InvalidCode
from accounts.models import AuthenticatorApp, Passkey
from accounts.rules import one_time_codes
from accounts.services import (
    access,
    factor_changes,
    factor_codes,
    factor_letters,
    passkey_proofs,
    pending_sign_ins,
    people,
)
from accounts.services.factor_codes import Answer
from accounts.services.passkey_challenges import Occasion, Purpose
from accounts.services.standing import Standing
from audit.events import Event
from plinto.kernel.exceptions import ConflictError, NotFoundError
from plinto.kernel.origin import Origin
from resilience import trimming
from resilience.contract import enforces

# Whoever began to add an app and did not finish begins anew.
_UNCONFIRMED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has beside the password; ``methods`` are those that sign-in takes."""

    methods: list[str]
    app: AuthenticatorApp | None
    passkeys: list[Passkey]
    codes_left: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret of an app that is about to be added; it is shown this once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def of(user_id: UUID) -> Factors:
    """Say what second factors a person has."""
    app = AuthenticatorApp.objects.filter(user_id=user_id).defer("sealed_secret").first()
    return Factors(
        factor_codes.available(user_id),
        app,
        passkey_proofs.held_by(user_id),
        factor_codes.unused(user_id),
    )


@enforces(controls.SECOND_FACTORS)
def begin(who: Standing, *, origin: Origin, now: datetime) -> Enrolment:
    """
    Draw a secret for an app; one that was drawn before and not confirmed is forgotten.

    :raises ConflictError: the person has an app already
    """
    secret = one_time_codes.new_secret()
    with transaction.atomic():
        person = people.hold(who)
        if factor_codes.confirmed(person.pk):
            raise ConflictError("You have an authenticator app. Remove it first.", reason="has one")
        AuthenticatorApp.objects.filter(user=person).delete()
        AuthenticatorApp.objects.create(
            user=person, sealed_secret=factor_codes.seal(secret), created_at=now
        )
        factor_changes.record(Event.FACTOR_ISSUED, who, person, origin=origin, now=now)
    issuer = urlsplit(settings.PUBLIC_URL).hostname or "Plinto"
    return Enrolment(secret, one_time_codes.uri(secret, account=person.email, issuer=issuer))


@enforces(controls.SECOND_FACTORS)
def confirm(who: Standing, code: str, *, origin: Origin, now: datetime) -> list[str]:
    """
    Make an app the second factor by its first code, and return the recovery codes, shown once.

    :raises InvalidCode: it is not the code of this moment
    :raises TooManyAttempts: too many wrong ones
    :raises ConflictError: no secret waits to be confirmed
    """
    wanting = Event.FACTOR_ADDED
    trying = factor_changes.tried(who, Answer(code=code), wanting=wanting, origin=origin, now=now)
    with trying, transaction.atomic():
        person = people.hold(who)
        app = AuthenticatorApp.objects.filter(user=person, confirmed_at=None).first()
        if app is None:
            raise ConflictError("Ask for a secret first.", reason="nothing to confirm")
        step = factor_codes.step_of(app, code, now=now)
        if step is None:
            raise InvalidCode(reason="wrong code")
        AuthenticatorApp.objects.filter(pk=app.pk).update(
            confirmed_at=now, last_step=step, last_used_at=now
        )
        factor_changes.note_proof(who, ["otp", "mfa"])
        codes = factor_codes.renew_recovery_codes(person.pk, now=now)
        factor_changes.changed(Event.FACTOR_ADDED, who, person, origin=origin, now=now)
        factor_letters.tell(person, factor_letters.ADDED, origin=origin, now=now)
    return codes


@enforces(controls.SECOND_FACTORS)
def remove(who: Standing, *, origin: Origin, now: datetime) -> None:
    """
    Remove the app, confirmed or not; the recovery codes go with the last factor.

    :raises NotFoundError: there is none
    """
    with transaction.atomic():
        person = people.hold(who)
        was_factor = factor_codes.confirmed(person.pk) is not None
        deleted, _ = AuthenticatorApp.objects.filter(user=person).delete()
        if not deleted:
            raise NotFoundError
        pending_sign_ins.void(person.pk)
        factor_codes.drop_leftovers(person.pk)
        factor_changes.changed(Event.FACTOR_REMOVED, who, person, origin=origin, now=now)
        if was_factor:
            is_last = not factor_codes.any_of(person.pk)
            if is_last:
                factor_changes.tell_members(
                    Event.FACTOR_REMOVED, who, person, origin=origin, now=now
                )
            told = factor_letters.removed("authenticator app", is_last=is_last)
            factor_letters.tell(person, told, origin=origin, now=now)


@enforces(controls.SECOND_FACTORS)
def renew(who: Standing, *, origin: Origin, now: datetime) -> list[str]:
    """
    Make ten new recovery codes, shown once; the old ones work no more.

    :raises ConflictError: there is no factor that they could stand in for
    """
    with transaction.atomic():
        person = people.hold(who)
        if not factor_codes.any_of(person.pk):
            told = "Add an authenticator app or a passkey first."
            raise ConflictError(told, reason="no factor")
        codes = factor_codes.renew_recovery_codes(person.pk, now=now)
        factor_changes.changed(Event.RECOVERY_CODES_RENEWED, who, person, origin=origin, now=now)
        factor_letters.tell(person, factor_letters.RENEWED, origin=origin, now=now)
    return codes


@enforces(controls.SECOND_FACTORS)
def prove(who: Standing, answer: Answer, *, origin: Origin, now: datetime) -> None:
    """
    Check a factor of somebody who is signed in.

    :raises InvalidCode: it is wrong or was used, or there is no such factor
    :raises TooManyAttempts: too many wrong ones; the session itself goes on
    """
    wanting = Event.SESSION_REAUTHENTICATED
    occasion = Occasion(Purpose.REAUTHENTICATE, who.session_id)
    trying = factor_changes.tried(who, answer, wanting=wanting, origin=origin, now=now)
    with trying, transaction.atomic():
        people.hold(who)
        factor_codes.spend(who.user_id, answer, occasion=occasion, now=now)


def forget(user_id: UUID) -> bool:
    """Delete all factors of a person in the caller's transaction; false when there were none."""
    pending_sign_ins.void(user_id)
    transaction.on_commit(lambda: access.forget_person(user_id))
    apps, _ = AuthenticatorApp.objects.filter(user_id=user_id).delete()
    passkeys, _ = Passkey.objects.filter(user_id=user_id).delete()
    factor_codes.drop_leftovers(user_id)
    return apps + passkeys > 0


def trim(*, now: datetime) -> int:
    """Delete secrets that nobody confirmed."""
    waiting = AuthenticatorApp.objects.filter(confirmed_at=None)
    return trimming.delete(waiting.filter(created_at__lt=now - _UNCONFIRMED_FOR))
