"""
Consent to the terms of the deployment, version by version.

``TERMS_VERSION`` names the version in force; empty, nobody is asked. It is agreed to at sign-up,
where it waits with the registration, and later by whoever is signed in: people who came through a
provider or an import, and everybody once there is another version. What an application does with
somebody who has not agreed yet is its own to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import terms_controls as controls
from accounts.models import Registration, TermsConsent, User
from accounts.services import people, sessions
from accounts.services.standing import Standing
from audit.events import Event
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody agreed to a version, when, and from which address."""

    version: str
    accepted_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The version in force and where it is read; both empty if nobody is asked."""

    version: str
    url: str


def in_force() -> Terms:
    """Say what people are asked to agree to."""
    return Terms(settings.TERMS_VERSION, settings.TERMS_URL)


def accepted(who: Standing) -> list[TermsConsent]:
    """List what a person has agreed to, the last first."""
    return list(TermsConsent.objects.filter(user_id=who.user_id).order_by("-accepted_at", "-pk"))


@enforces(controls.CONSENT)
def require(version: str, *, field: str) -> None:
    """
    Go on only with the version in force, which is none if nobody is asked.

    :raises ValidationError: it is another one; ``field`` is named
    """
    wanted = in_force().version
    if version == wanted:
        return
    if not wanted:
        told = "This deployment asks for no terms."
    elif not version:
        told = "Agree to the terms and send their version."
    else:
        told = "This is not the version of the terms that is in force."
    raise ValidationError(fields={field: [told]})


@enforces(controls.CONSENT)
@after_conflicts
def accept(who: Standing, *, version: str, origin: Origin, now: datetime) -> None:
    """
    Agree to the version in force; agreeing twice changes nothing.

    :raises ValidationError: it is another version, or none is asked for
    :raises SessionEnded: the person is gone
    """
    if not version:
        raise ValidationError(fields={"version": ["Send the version that is agreed to."]})
    require(version, field="version")
    consent = Consent(version, accepted_at=now, address=origin.address)
    with transaction.atomic():
        # Held, so that nobody erases the person meanwhile.
        write(people.hold(who), consent, origin=origin, now=now)


@enforces(controls.CONSENT)
def write(user: User, consent: Consent, *, origin: Origin, now: datetime) -> None:
    """Keep what a person agreed to, in the caller's transaction; the first time counts."""
    row = TermsConsent(
        user=user,
        version=consent.version,
        accepted_at=consent.accepted_at,
        address=consent.address,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        if not TermsConsent.objects.filter(user=user, version=consent.version).exists():
            raise
        return
    get_audit_service().record(
        Event.TERMS_ACCEPTED,
        actor=sessions.actor_of(user),
        target=sessions.target_of(user),
        origin=origin,
        changes={"version": (None, consent.version)},
        now=now,
    )


def waiting_with(registration: Registration) -> Consent | None:
    """Say what whoever wrote a registration agreed to, if they were asked."""
    if not registration.terms_version:
        return None
    return Consent(registration.terms_version, registration.created_at, registration.terms_address)
