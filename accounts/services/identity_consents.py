"""The owner of an account confirms that an identity, which a sign-in brought, is theirs."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import federation_controls, social_controls
from accounts.errors import InvalidCode
from accounts.models import Identity, ProviderSignIn, User
from accounts.services import arrivals, identities, identity_letters, people, placements
from accounts.services.federation import NotAdmitted, Voucher
from accounts.services.standing import Standing
from accounts.services.statements import Statement
from audit.events import Event
from plinto.kernel.crypto import token_digest
from plinto.kernel.exceptions import ConflictError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts


@enforces(social_controls.SOCIAL_SIGN_IN, federation_controls.ARRIVALS)
def confirm(who: Standing, token: str, *, origin: Origin, now: datetime) -> Identity:
    """
    Link the identity that a sign-in brought to an account, as the owner of that account.

    What an organization's connection brought belongs to whoever has proved the very address.

    :raises InvalidCode: unknown, used, expired, or of another person's account
    :raises ConflictError: the identity was linked to an account meanwhile
    """
    try:
        return _confirmed(who, token, origin=origin, now=now)
    except IntegrityError as error:
        raise ConflictError(
            "This identity is linked to an account already.", reason="identity is taken"
        ) from error
    except InvalidCode as refusal:
        identities.record_refusal(Event.IDENTITY_LINKED, who, refusal.reason, origin=origin)
        raise


@after_conflicts
def _confirmed(who: Standing, token: str, *, origin: Origin, now: datetime) -> Identity:
    with transaction.atomic():
        person = people.hold(who)
        hers = Q(connection_id=None, user=person, provider__in=list(settings.SOCIAL_PROVIDERS))
        waiting = ProviderSignIn.objects.filter(
            hers | Q(connection_id__isnull=False),
            link_digest=token_digest(token),
            linked_at=None,
            link_expires_at__gt=now,
        )
        row = waiting.first()
        if row is None or not waiting.filter(pk=row.pk).update(linked_at=now):
            raise InvalidCode(reason="unknown, used, expired or of another person")
        if row.connection_id:
            return _vouched(person, row, origin=origin, now=now)
        statement = Statement.opened(row.sealed_statement)
        return identities.link(person, row.provider, statement, origin=origin, now=now)


def _vouched(person: User, row: ProviderSignIn, *, origin: Origin, now: datetime) -> Identity:
    voucher = Voucher.opened(row.sealed_statement)
    if person.email_key != voucher.email_key or person.email_verified_at is None:
        raise InvalidCode(reason="of another address")
    try:
        terms = arrivals.terms_of(voucher)
        identity = arrivals.link(person, voucher, origin=origin, now=now)
        placements.place(
            person, voucher.organization_id, terms, is_new=True, origin=origin, now=now
        )
    except NotAdmitted as refusal:
        raise InvalidCode(reason=refusal.reason) from refusal
    identity_letters.tell(person, identity_letters.linked(identity), origin=origin, now=now)
    return identity
