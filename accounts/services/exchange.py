"""
What a browser gets for the code it brings from a provider: a session, or the reason for none.

The code, the account or identity that comes of it, and the session are one transaction. The
person is held before anything else of theirs, as everywhere, so nothing deadlocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import federation_controls, social_controls
from accounts.errors import InvalidCode, InvalidCredentials
from accounts.models import ProviderSignIn, User
from accounts.services import arrivals, identities, newcomers, sessions, sso_policy
from accounts.services.federation import NotAdmitted, Voucher
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from accounts.services.statements import Statement
from accounts.social_errors import IdentityNeedsProof
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

LINK_LIVES_FOR = timedelta(minutes=10)
# RFC 8176 has no name for "somebody else vouched", and what a provider checked is not ours to
# claim: the amr of such a session names only what Plinto saw itself.
_METHODS: list[str] = []


@dataclass(frozen=True, slots=True)
class _ProofWanted:
    """The owner of the address may confirm the link with the token."""

    token: str = field(repr=False)
    provider: str


@enforces(social_controls.SOCIAL_SIGN_IN, federation_controls.ARRIVALS)
@sso_policy.recorded
def exchange(code: str, *, browser: str, origin: Origin, now: datetime) -> SignedIn | Awaiting:
    """
    Open the session that a code stands for, or ask for the second factor.

    An identity that nobody has becomes an account if its address is vouched for and free.

    :raises InvalidCode: unknown, used, expired, of another browser, or of nobody who may sign in
    :raises IdentityNeedsProof: the owner of the address has to confirm
    """
    try:
        try:
            outcome = _settle(code, browser=browser, origin=origin, now=now)
        except IntegrityError:
            # Another tab was first to make the account or the identity; now it is there.
            outcome = _settle(code, browser=browser, origin=origin, now=now)
    except InvalidCredentials as refusal:
        _record_refusal(code, refusal.reason, origin=origin)
        raise InvalidCode(reason=refusal.reason) from refusal
    except InvalidCode as refusal:
        _record_refusal(code, refusal.reason, origin=origin)
        raise
    if isinstance(outcome, _ProofWanted):
        seconds = int(LINK_LIVES_FOR.total_seconds())
        wanted = IdentityNeedsProof(
            link_token=outcome.token, provider=outcome.provider, expires_in=seconds
        )
        _record_refusal(code, wanted.reason, origin=origin)
        raise wanted
    return outcome


@after_conflicts
def _settle(
    code: str, *, browser: str, origin: Origin, now: datetime
) -> SignedIn | Awaiting | _ProofWanted:
    with transaction.atomic():
        row = _spent(code, browser=browser, now=now)
        if row.connection_id:
            return _by_connection(row, origin=origin, now=now)
        statement = Statement.opened(row.sealed_statement)
        known = identities.known(row.provider, statement.subject)
        if known is not None:
            person = identities.used(known, now=now)
        else:
            address = identities.address_of(statement)
            if address is None:
                raise InvalidCode(reason="address not vouched for")
            owner = User.objects.filter(email_key=address.key).first()
            if owner is not None:
                return _ask_for_proof(row, owner.pk, now=now)
            person = newcomers.made(
                address, name=statement.name, reason=f"at {row.provider}", origin=origin, now=now
            )
            identities.add(person, row.provider, statement, origin=origin, now=now)
        return sessions.start(person, methods=_METHODS, origin=origin, now=now)


def _by_connection(
    row: ProviderSignIn, *, origin: Origin, now: datetime
) -> SignedIn | Awaiting | _ProofWanted:
    voucher = Voucher.opened(row.sealed_statement)
    try:
        return arrivals.enter(voucher, origin=origin, now=now)
    except arrivals.OwnerWanted:
        # Whoever is signed in with this very address may confirm, now or after signing up.
        return _ask_for_proof(row, None, now=now)
    except NotAdmitted as refusal:
        raise InvalidCode(reason=refusal.reason) from refusal


def _spent(code: str, *, browser: str, now: datetime) -> ProviderSignIn:
    # A provider that was switched off opens nothing any more.
    offered = Q(connection_id=None, provider__in=list(settings.SOCIAL_PROVIDERS))
    waiting = ProviderSignIn.objects.filter(
        offered | Q(connection_id__isnull=False),
        code_digest=token_digest(code),
        browser_digest=token_digest(browser),
        exchanged_at=None,
        code_expires_at__gt=now,
    )
    row = waiting.first()
    if row is None or not waiting.filter(pk=row.pk).update(exchanged_at=now):
        raise InvalidCode(reason="unknown, used, expired or of another browser")
    return row


def _ask_for_proof(row: ProviderSignIn, owner_id: UUID | None, *, now: datetime) -> _ProofWanted:
    token = new_token("pll_")
    ProviderSignIn.objects.filter(pk=row.pk).update(
        user_id=owner_id, link_digest=token_digest(token), link_expires_at=now + LINK_LIVES_FOR
    )
    return _ProofWanted(token, row.provider)


def _record_refusal(code: str, reason: str, *, origin: Origin) -> None:
    """Record a refusal, for the organization to see if the code came by a connection of it."""
    by_connection = ProviderSignIn.objects.exclude(connection_id=None)
    row = by_connection.filter(code_digest=token_digest(code)).first()
    voucher = Voucher.opened(row.sealed_statement) if row else None
    target = Target("connection", id=str(voucher.connection_id)) if voucher else Target("provider")
    get_audit_service().record_refusal(
        Event.SESSION_REFUSED,
        actor=ANONYMOUS,
        target=target,
        origin=origin,
        organization_id=voucher.organization_id if voucher else None,
        reason=reason,
    )
