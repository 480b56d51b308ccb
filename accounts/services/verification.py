"""
Proving a mailbox, and what comes of it.

Two things are proved apart. The link or the code proves the mailbox. The registration's handle,
or its password, proves the client that chose that password. Only both together make an account
with that password: somebody who registers another person's address and waits for them to click
gets nothing (pre-hijacking; Sudhodanan and Paverd, USENIX Security 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import controls
from accounts.errors import InvalidCode, TooManyAttempts
from accounts.models import MailboxProof, Registration, User
from accounts.rules.addresses import Address
from accounts.services import (
    attempts,
    mailbox_proofs,
    password_links,
    passwords,
    registrations,
    second_factors,
    sessions,
    sso_policy,
    standing,
    terms,
)
from accounts.services.attempts import Bucket
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from accounts.services.terms import Consent
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import token_digest
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

# Each waiting registration costs a hash to compare, and strangers can add more of them.
_COMPARED = 3


@dataclass(frozen=True, slots=True)
class ClientProof:
    """How a client shows that a waiting registration is its own: by handle or by password."""

    handle: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A password somebody chose and has proved to be theirs, and what came with it."""

    encoded: str
    name: str
    method: str
    consent: Consent | None = None


@enforces(controls.MAILBOX_PROOFS)
@sso_policy.recorded
def by_token(
    token: str, *, client: ClientProof, origin: Origin, now: datetime
) -> SignedIn | Awaiting | None:
    """
    Prove a mailbox by the link that was sent to it.

    Returns a session when the client proves itself too, or what that still waits for; None when
    only the mailbox is proved.

    :raises InvalidCode: unknown, used or expired
    """
    proof = mailbox_proofs.by_token(token, now=now)
    return _accept(proof, client=client, origin=origin, now=now)


@enforces(controls.MAILBOX_PROOFS, controls.LOCKOUT)
@sso_policy.recorded
def by_code(
    email: str, code: str, *, client: ClientProof, origin: Origin, now: datetime
) -> SignedIn | Awaiting | None:
    """
    Prove a mailbox by the six digits that were sent to it.

    :raises InvalidCode: wrong, used or expired
    :raises TooManyAttempts: five guesses in a quarter of an hour; the link still works
    """
    address = registrations.read_address(email)
    bucket = Bucket.of(attempts.CODE, address.key)
    try:
        attempts.take(bucket, now=now)
    except TooManyAttempts as refusal:
        _record_refusal(refusal.reason, origin=origin)
        raise
    proof = mailbox_proofs.by_code(address, code, now=now)
    signed_in = _accept(proof, client=client, origin=origin, now=now)
    attempts.forgive(cleared=[bucket], refunded=[])
    return signed_in


def _accept(
    proof: MailboxProof | None, *, client: ClientProof, origin: Origin, now: datetime
) -> SignedIn | Awaiting | None:
    try:
        if proof is None:
            raise InvalidCode(reason="unknown, used or expired")
        return _consume(proof, client=client, origin=origin, now=now)
    except InvalidCode as refusal:
        _record_refusal(refusal.reason, origin=origin)
        raise


def _consume(
    proof: MailboxProof, *, client: ClientProof, origin: Origin, now: datetime
) -> SignedIn | Awaiting | None:
    address = Address(proof.email, proof.email_key)
    user = User.objects.filter(email_key=address.key).first()
    # Hashing comes before the transaction, which must stay short.
    chosen = _chosen(client, address, user, now=now)
    return _settle(proof, address, user, chosen, origin=origin, now=now)


@after_conflicts
def _settle(
    proof: MailboxProof,
    address: Address,
    user: User | None,
    chosen: _Chosen | None,
    *,
    origin: Origin,
    now: datetime,
) -> SignedIn | Awaiting | None:
    """Spend the proof and do what it allows, wholly or not at all."""
    with transaction.atomic():
        if not mailbox_proofs.spend(proof, now=now):
            raise InvalidCode(reason="used meanwhile")
        is_new = user is None
        if user is None:
            user = _create(address, chosen, now=now)
            is_first_proof = user is not None
        else:
            is_first_proof = _mark(user, chosen, now=now)
        Registration.objects.filter(email_key=address.key).delete()
        if user is None or not is_first_proof:
            return None
        if is_new:
            _record(Event.USER_CREATED, user, origin)
        _record_proof(user, chosen, origin)
        if chosen is None:
            _see_off(user, origin=origin, now=now)
            return None
        if chosen.consent:
            terms.write(user, chosen.consent, origin=origin, now=now)
        return sessions.start(user, methods=[chosen.method], origin=origin, now=now)


def prove_first(user: User, *, origin: Origin, now: datetime) -> None:
    """
    Take what somebody does with a mailed link for the first proof of their address.

    In the caller's transaction; a password that was chosen before is dropped, as ever.
    """
    if _mark(user, None, now=now):
        Registration.objects.filter(email_key=user.email_key).delete()
        _record_proof(user, None, origin)
        _see_off(user, origin=origin, now=now)


def _see_off(user: User, *, origin: Origin, now: datetime) -> None:
    """
    Whoever signed in with a dropped password must not stay; its owner chooses another.

    Nor do the factors stay that they may have added, to come in by or to keep the owner out.
    """
    second_factors.forget(user.pk)
    actor = sessions.actor_of(user)
    sessions.end_all(user.pk, reason="password dropped", actor=actor, origin=origin, now=now)
    password_links.issue(user, template="set_password", origin=origin, now=now)


def _chosen(
    client: ClientProof, address: Address, user: User | None, *, now: datetime
) -> _Chosen | None:
    """Find the password that this client has proved to have chosen."""
    if user is not None:
        # Made by an administrator or an import, and never proved: only its password can speak.
        if client.password and passwords.is_right(user.password, client.password):
            return _Chosen(user.password, user.name, "pwd")
        return None
    waiting = registrations.waiting(address, now=now)
    if client.handle:
        found = waiting.filter(handle_digest=token_digest(client.handle)).first()
        if found:
            return _Chosen(found.password, found.name, "otp", terms.waiting_with(found))
    if client.password:
        for found in waiting[:_COMPARED]:
            if passwords.is_right(found.password, client.password):
                return _Chosen(found.password, found.name, "pwd", terms.waiting_with(found))
    return None


def _create(address: Address, chosen: _Chosen | None, *, now: datetime) -> User | None:
    """Make the person, or return None when the address was taken a moment ago."""
    user = User(
        email=address.email,
        name=chosen.name if chosen else "",
        password=chosen.encoded if chosen else make_password(None),
        email_verified_at=now,
        password_changed_at=now,
        created_at=now,
    )
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        return None
    return user


def _mark(user: User, chosen: _Chosen | None, *, now: datetime) -> bool:
    """Note that a person's mailbox is proved; a password nobody vouches for is dropped."""
    dropped = {} if chosen else {"password": make_password(None), "password_changed_at": now}
    marked = User.objects.filter(pk=user.pk, email_verified_at=None).update(
        email_verified_at=now, version=F("version") + 1, **dropped
    )
    user.refresh_from_db()
    transaction.on_commit(lambda: standing.refresh_person(user.pk))
    return bool(marked)


def _record_proof(user: User, chosen: _Chosen | None, origin: Origin) -> None:
    _record(Event.USER_VERIFIED, user, origin)
    if chosen is None:
        _record(Event.PASSWORD_DROPPED, user, origin)


def _record(event: Event, user: User, origin: Origin) -> None:
    get_audit_service().record(
        event, actor=sessions.actor_of(user), target=sessions.target_of(user), origin=origin
    )


def _record_refusal(reason: str, *, origin: Origin) -> None:
    get_audit_service().record_refusal(
        Event.USER_VERIFIED,
        actor=ANONYMOUS,
        target=Target("mailbox"),
        origin=origin,
        reason=reason,
    )
