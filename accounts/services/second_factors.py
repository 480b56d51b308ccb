"""A person's own second factor: adding an app, removing it, and codes for when it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.errors import InvalidCode, SessionEnded, TooManyAttempts
from accounts.models import AuthenticatorApp, RecoveryCode, Session, User
from accounts.rules import one_time_codes
from accounts.services import (
    access,
    factor_codes,
    factor_letters,
    pending_sign_ins,
    sessions,
    standing,
)
from accounts.services.factor_codes import Answer
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
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
    codes_left: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret of an app that is about to be added; it is shown this once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def of(user_id: UUID) -> Factors:
    """Say what second factors a person has."""
    app = AuthenticatorApp.objects.filter(user_id=user_id).defer("sealed_secret").first()
    return Factors(factor_codes.available(user_id), app, factor_codes.unused(user_id))


@enforces(controls.SECOND_FACTORS)
def begin(who: Standing, *, origin: Origin, now: datetime) -> Enrolment:
    """
    Draw a secret for an app; one that was drawn before and not confirmed is forgotten.

    :raises ConflictError: the person has an app already
    """
    secret = one_time_codes.new_secret()
    with transaction.atomic():
        person = _hold(who)
        if factor_codes.confirmed(person.pk):
            raise ConflictError("You have an authenticator app. Remove it first.", reason="has one")
        AuthenticatorApp.objects.filter(user=person).delete()
        AuthenticatorApp.objects.create(
            user=person, sealed_secret=factor_codes.seal(secret), created_at=now
        )
        _record(Event.FACTOR_ISSUED, who, person, origin=origin, now=now)
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
    with _tried(who, wanting=Event.FACTOR_ADDED, origin=origin, now=now), transaction.atomic():
        person = _hold(who)
        app = AuthenticatorApp.objects.filter(user=person, confirmed_at=None).first()
        if app is None:
            raise ConflictError("Ask for a secret first.", reason="nothing to confirm")
        step = factor_codes.step_of(app, code, now=now)
        if step is None:
            raise InvalidCode(reason="wrong code")
        AuthenticatorApp.objects.filter(pk=app.pk).update(
            confirmed_at=now, last_step=step, last_used_at=now
        )
        _note_proof(who)
        codes = factor_codes.renew_recovery_codes(person.pk, now=now)
        _changed(Event.FACTOR_ADDED, who, person, origin=origin, now=now)
        factor_letters.tell(person, factor_letters.ADDED, origin=origin, now=now)
    return codes


@enforces(controls.SECOND_FACTORS)
def remove(who: Standing, *, origin: Origin, now: datetime) -> None:
    """
    Remove the app, confirmed or not, and the recovery codes with it.

    :raises NotFoundError: there is none
    """
    with transaction.atomic():
        person = _hold(who)
        was_factor = factor_codes.confirmed(person.pk) is not None
        if not forget(person.pk):
            raise NotFoundError
        _changed(Event.FACTOR_REMOVED, who, person, origin=origin, now=now)
        if was_factor:
            factor_letters.tell(person, factor_letters.REMOVED, origin=origin, now=now)


@enforces(controls.SECOND_FACTORS)
def renew(who: Standing, *, origin: Origin, now: datetime) -> list[str]:
    """
    Make ten new recovery codes, shown once; the old ones work no more.

    :raises ConflictError: there is no app that they could stand in for
    """
    with transaction.atomic():
        person = _hold(who)
        if factor_codes.confirmed(person.pk) is None:
            raise ConflictError("Add an authenticator app first.", reason="no app")
        codes = factor_codes.renew_recovery_codes(person.pk, now=now)
        _changed(Event.RECOVERY_CODES_RENEWED, who, person, origin=origin, now=now)
        factor_letters.tell(person, factor_letters.RENEWED, origin=origin, now=now)
    return codes


@enforces(controls.SECOND_FACTORS)
def prove(who: Standing, code: str, *, origin: Origin, now: datetime) -> None:
    """
    Check a code of the app of somebody who is signed in.

    :raises InvalidCode: it is wrong or was used, or there is no app
    :raises TooManyAttempts: too many wrong ones; the session itself goes on
    """
    wanting = Event.SESSION_REAUTHENTICATED
    with _tried(who, wanting=wanting, origin=origin, now=now), transaction.atomic():
        _hold(who)
        factor_codes.spend(who.user_id, Answer(code=code), now=now)


def forget(user_id: UUID) -> bool:
    """Delete all factors of a person in the caller's transaction; false when there were none."""
    RecoveryCode.objects.filter(user_id=user_id).delete()
    pending_sign_ins.void(user_id)
    transaction.on_commit(lambda: access.forget_person(user_id))
    deleted, _ = AuthenticatorApp.objects.filter(user_id=user_id).delete()
    return deleted > 0


def trim(*, now: datetime) -> int:
    """Delete secrets that nobody confirmed."""
    waiting = AuthenticatorApp.objects.filter(confirmed_at=None)
    return trimming.delete(waiting.filter(created_at__lt=now - _UNCONFIRMED_FOR))


def _hold(who: Standing) -> User:
    """Lock the person, as whoever touches factors does first."""
    held = User.objects.select_for_update(no_key=True)
    person = held.filter(pk=who.user_id, is_active=True).first()
    if person is None:
        raise SessionEnded(reason="person is gone")
    return person


def _note_proof(who: Standing) -> None:
    """Let the session that showed the first code count as one that showed a second factor."""
    mine = Session.objects.filter(pk=who.session_id, ended_at=None)
    for methods in mine.values_list("methods", flat=True):
        added = [name for name in ("otp", "mfa") if name not in methods]
        mine.update(methods=[*methods, *added])


@contextmanager
def _tried(who: Standing, *, wanting: Event, origin: Origin, now: datetime) -> Iterator[None]:
    """Count the block as one try, and record it where it is refused."""
    try:
        with factor_codes.counted(who.user_id, now=now):
            yield
    except (TooManyAttempts, InvalidCode) as refusal:
        is_lockout = isinstance(refusal, TooManyAttempts) and refusal.is_new
        get_audit_service().record_refusal(
            Event.LOCKOUT_REACHED if is_lockout else wanting,
            actor=who.actor,
            target=Target("session", id=str(who.session_id)),
            origin=origin,
            session_id=who.session_id,
            reason=refusal.reason,
        )
        raise


def _changed(event: Event, who: Standing, person: User, *, origin: Origin, now: datetime) -> None:
    """Record what became of the factors, and let every worker read the person anew."""
    _record(event, who, person, origin=origin, now=now)
    User.objects.filter(pk=person.pk).update(version=F("version") + 1)
    transaction.on_commit(lambda: standing.refresh_person(person.pk))


def _record(event: Event, who: Standing, person: User, *, origin: Origin, now: datetime) -> None:
    get_audit_service().record(
        event,
        actor=who.actor,
        target=sessions.target_of(person),
        origin=origin,
        session_id=who.session_id,
        now=now,
    )
