"""
Whoever comes by a connection of an organization: known, found, made, or asked for a proof.

The provider's word is believed as far as the organization's own domains reach. An address outside
of them is linked by nobody but its owner, and so is that of whoever administers the deployment.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Identity, ProviderSignIn, User
from accounts.rules.addresses import Address
from accounts.services import (
    domains,
    identities,
    identity_letters,
    newcomers,
    placements,
    sessions,
    verification,
)
from accounts.services.federation import NotAdmitted, Terms, Voucher, get_sso_service
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from accounts.services.statements import Statement
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.origin import Origin

CODE_LIVES_FOR = timedelta(seconds=60)
# Rows stay for as long as the link that may come of them can be confirmed.
_LIVES_FOR = timedelta(minutes=10)


class OwnerWanted(Exception):
    """Only the owner of the address may link this identity."""


def offer(voucher: Voucher, *, redirect_uri: str, browser: str, now: datetime) -> str:
    """
    Return the code with which this browser's app fetches the session, once, within a minute.

    :raises NotAdmitted: the person may not come in by this connection
    """
    _foresee(voucher)
    code = new_token("plo_")
    ProviderSignIn.objects.create(
        provider=voucher.protocol,
        connection_id=voucher.connection_id,
        redirect_uri=redirect_uri,
        browser_digest=token_digest(browser),
        created_at=now,
        expires_at=now + _LIVES_FOR,
        answered_at=now,
        # There is no way back to this row but its code.
        state_digest=token_digest(new_token("pls_")),
        sealed_secrets=b"",
        code_digest=token_digest(code),
        sealed_statement=voucher.sealed(),
        code_expires_at=now + CODE_LIVES_FOR,
    )
    return code


def enter(voucher: Voucher, *, origin: Origin, now: datetime) -> SignedIn | Awaiting:
    """
    Open the session of whoever was vouched for, in the caller's transaction.

    Somebody unknown becomes known, and gets an account if they have none.

    :raises NotAdmitted: the person may not come in by this connection
    :raises OwnerWanted: the address is outside of the organization's domains, or of somebody who
        administers the deployment
    :raises InvalidCredentials: the account may not sign in any more
    :raises django.db.IntegrityError: somebody else was first; try again
    """
    terms = terms_of(voucher)
    known = _known(voucher, now=now)
    person = known or _welcomed(voucher, terms, origin=origin, now=now)
    placements.place(
        person, voucher.organization_id, terms, is_new=known is None, origin=origin, now=now
    )
    return sessions.start(
        person, methods=list(voucher.methods), origin=origin, now=now, voucher=voucher
    )


def address_of(voucher: Voucher) -> Address:
    """Return the address that is vouched for."""
    return Address(voucher.email, voucher.email_key)


def link(person: User, voucher: Voucher, *, origin: Origin, now: datetime) -> Identity:
    """
    Make somebody, who is held, known to the connection, in the caller's transaction.

    :raises django.db.IntegrityError: it is somebody's already
    """
    statement = Statement(voucher.subject, voucher.email, is_vouched=True, name=voucher.name)
    identity = identities.add(
        person,
        voucher.protocol,
        statement,
        connection_id=voucher.connection_id,
        origin=origin,
        now=now,
    )
    get_sso_service().linked(person, voucher, now=now)
    return identity


def _foresee(voucher: Voucher) -> None:
    """Refuse at the door whom the exchange would refuse, where a page can say so."""
    terms = terms_of(voucher)
    known = Identity.objects.filter(connection_id=voucher.connection_id, subject=voucher.subject)
    person = User.objects.filter(pk__in=known.values("user")).first()
    if person is None:
        _see_vouched(voucher)
        person = User.objects.filter(email_key=voucher.email_key).first()
    if person is None:
        _see_made(voucher, terms)
    elif not person.is_active:
        raise NotAdmitted("person is switched off")


def terms_of(voucher: Voucher) -> Terms:
    """
    Say on what terms somebody is let in, as the rows say at this moment.

    :raises NotAdmitted: on none
    """
    terms = get_sso_service().terms(voucher)
    if terms is None:
        raise NotAdmitted("connection is off, or its provider switched the person off")
    return terms


def _known(voucher: Voucher, *, now: datetime) -> User | None:
    known = Identity.objects.filter(
        connection_id=voucher.connection_id, subject=voucher.subject
    ).first()
    return identities.used(known, now=now) if known else None


def _welcomed(voucher: Voucher, terms: Terms, *, origin: Origin, now: datetime) -> User:
    _see_vouched(voucher)
    held = User.objects.select_for_update(no_key=True)
    person = held.filter(email_key=voucher.email_key).first()
    if not _is_own_domain(voucher):
        raise OwnerWanted
    if person is None:
        _see_made(voucher, terms)
        person = newcomers.made(
            address_of(voucher),
            name=voucher.name,
            reason=f"by {voucher.protocol} connection {voucher.connection_id}",
            origin=origin,
            now=now,
        )
    elif person.is_staff or person.is_superuser:
        raise OwnerWanted
    elif not person.is_active:
        raise NotAdmitted("person is switched off")
    else:
        if person.email_verified_at is None:
            # Whoever chose its password may be somebody else.
            verification.prove_first(person, origin=origin, now=now)
        return _linked(person, voucher, origin=origin, now=now)
    link(person, voucher, origin=origin, now=now)
    return person


def _linked(person: User, voucher: Voucher, *, origin: Origin, now: datetime) -> User:
    identity = link(person, voucher, origin=origin, now=now)
    identity_letters.tell(person, identity_letters.linked(identity), origin=origin, now=now)
    return person


def _see_vouched(voucher: Voucher) -> None:
    if not voucher.is_vouched:
        raise NotAdmitted("address not vouched for")


def _see_made(voucher: Voucher, terms: Terms) -> None:
    if _is_own_domain(voucher) and not terms.creates_accounts:
        raise NotAdmitted("no account, and the connection makes none")


def _is_own_domain(voucher: Voucher) -> bool:
    """Tell whether the organization has proved just the domain of the address."""
    return domains.owner_of(voucher.domain) == voucher.organization_id
