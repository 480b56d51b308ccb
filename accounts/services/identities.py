"""A person's identities at providers: linking one, and unlinking it without locking them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import social_controls
from accounts.errors import InvalidCode
from accounts.models import Identity, Passkey, ProviderSignIn, User
from accounts.rules import addresses
from accounts.rules.addresses import Address
from accounts.services import identity_letters, people, sessions
from accounts.services.federation import get_sso_service
from accounts.services.standing import Standing
from accounts.services.statements import Statement, StatementRefused, Word
from accounts.social_errors import LastWayIn
from audit.events import Event
from audit.parties import Actor, Target
from audit.services.record import get_audit_service
from plinto.kernel import pages
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts


def of(user_id: UUID, *, wanted: pages.PageRequest) -> pages.Page[Identity]:
    """List a person's identities, newest first."""
    return pages.cut(Identity.objects.filter(user_id=user_id), wanted=wanted)


def connection_names(rows: Iterable[Identity]) -> dict[UUID, str]:
    """Say what the connections are called at which people are these."""
    keys = {row.connection_id for row in rows if row.connection_id}
    return get_sso_service().names(keys) if keys else {}


def address_of(statement: Statement) -> Address | None:
    """Return the address that a provider vouches for, if Plinto can mail it."""
    if not statement.is_vouched:
        return None
    try:
        return addresses.canonical(statement.email)
    except ValueError:
        return None


def known(provider: str, subject: str) -> Identity | None:
    """Find whose identity at a provider of this deployment it is."""
    # Subjects at a connection of an organization are that connection's own.
    mine = Identity.objects.filter(connection_id=None, provider=provider, subject=subject)
    return mine.first()


def used(found: Identity, *, now: datetime) -> User:
    """
    Return the person of an identity that is still theirs once they are held.

    :raises InvalidCode: it was unlinked meanwhile
    """
    person = User.objects.select_for_update(no_key=True).filter(pk=found.user_id).first()
    still = Identity.objects.filter(pk=found.pk, user_id=found.user_id)
    if person is None or not still.update(last_used_at=now):
        raise InvalidCode(reason="identity unlinked meanwhile")
    return person


def add(
    person: User,
    provider: str,
    statement: Statement,
    *,
    connection_id: UUID | None = None,
    origin: Origin,
    now: datetime,
) -> Identity:
    """
    Write an identity in the caller's transaction, which holds the person.

    :raises django.db.IntegrityError: it is somebody's already
    """
    identity = Identity(
        user=person,
        provider=provider,
        connection_id=connection_id,
        subject=statement.subject,
        email=statement.email,
        created_at=now,
        last_used_at=now,
    )
    with transaction.atomic():
        identity.save(force_insert=True)
    _record(Event.IDENTITY_LINKED, identity, sessions.actor_of(person), origin=origin, now=now)
    return identity


@enforces(social_controls.SOCIAL_SIGN_IN)
@after_conflicts
def link_asked(row: ProviderSignIn, statement: Statement, *, origin: Origin, now: datetime) -> None:
    """
    Link what somebody who was signed in asked for, if that session still goes on.

    :raises StatementRefused: it does not, or the identity is somebody's already
    """
    user_id, session_id = row.user_id, row.session_id
    if user_id is None or session_id is None:
        raise StatementRefused("nobody asked", word=Word.ENDED)
    try:
        with transaction.atomic():
            person = people.held(user_id)
            if person is None or not sessions.is_live(session_id, user_id=user_id, now=now):
                raise StatementRefused("session ended", word=Word.ENDED)
            link(person, row.provider, statement, origin=origin, now=now)
    except IntegrityError as error:
        raise StatementRefused("identity is taken", word=Word.TAKEN) from error


@enforces(social_controls.SOCIAL_SIGN_IN)
def unlink(who: Standing, identity_id: UUID, *, origin: Origin, now: datetime) -> None:
    """
    Remove an identity; sessions go on, and nobody comes in by it any more.

    :raises NotFoundError: there is none, or it is not theirs
    :raises LastWayIn: they could not sign in any more
    """
    try:
        _unlinked(who, identity_id, origin=origin, now=now)
    except LastWayIn as refusal:
        record_refusal(Event.IDENTITY_UNLINKED, who, refusal.reason, origin=origin)
        raise


@after_conflicts
def _unlinked(who: Standing, identity_id: UUID, *, origin: Origin, now: datetime) -> None:
    with transaction.atomic():
        person = people.held(who.user_id)
        identity = Identity.objects.filter(pk=identity_id, user_id=who.user_id).first()
        if person is None or identity is None:
            raise NotFoundError
        if not ways_in(person, without=identity_id):
            raise LastWayIn(reason="last way in")
        remove(identity, person, actor=who.actor, origin=origin, now=now)
        identity_letters.tell(person, identity_letters.unlinked(identity), origin=origin, now=now)


def remove(
    identity: Identity, person: User, *, actor: Actor, origin: Origin, now: datetime
) -> None:
    """Delete an identity in the caller's transaction, which holds the person."""
    _record(Event.IDENTITY_UNLINKED, identity, actor, origin=origin, now=now)
    Identity.objects.filter(pk=identity.pk, user=person).delete()


def ways_in(person: User, *, without: UUID) -> list[str]:
    """Name the ways in which a person could still sign in after an identity is gone."""
    return [name for name, is_open in _WAYS.items() if is_open(person, without)]


def _has_password(person: User, _: UUID) -> bool:
    return person.has_usable_password()


def _has_identity(person: User, without: UUID) -> bool:
    # One at a provider or a connection that was switched off opens nothing.
    others = Identity.objects.filter(user=person).exclude(pk=without)
    offered = Q(connection_id=None, provider__in=list(settings.SOCIAL_PROVIDERS))
    if others.filter(offered).exists():
        return True
    connections = {each.connection_id for each in others if each.connection_id}
    return any(map(get_sso_service().is_usable, connections))


def _has_passkey(person: User, _: UUID) -> bool:
    return Passkey.objects.filter(user=person).exists()


_WAYS: dict[str, Callable[[User, UUID], bool]] = {
    "password": _has_password,
    "identity": _has_identity,
    "passkey": _has_passkey,
}


def link(
    person: User, provider: str, statement: Statement, *, origin: Origin, now: datetime
) -> Identity:
    """Write an identity as ``add`` does, and mail its person."""
    identity = add(person, provider, statement, origin=origin, now=now)
    identity_letters.tell(person, identity_letters.linked(identity), origin=origin, now=now)
    return identity


def _record(
    event: Event, identity: Identity, actor: Actor, *, origin: Origin, now: datetime
) -> None:
    get_audit_service().record(
        event,
        actor=actor,
        target=Target("identity", id=str(identity.pk), label=str(identity)),
        origin=origin,
        now=now,
    )


def record_refusal(event: Event, who: Standing, reason: str, *, origin: Origin) -> None:
    """Record why somebody's identities stay as they are."""
    get_audit_service().record_refusal(
        event,
        actor=who.actor,
        target=Target("identity"),
        origin=origin,
        session_id=who.session_id,
        reason=reason,
    )
