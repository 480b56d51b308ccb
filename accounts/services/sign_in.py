"""Signing in with a password, going on with a refresh token, and proving again who one is."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.errors import (
    InvalidCredentials,
    SessionEnded,
    TooManyAttempts,
)
from accounts.federation_errors import SSORequired
from accounts.models import Session, User
from accounts.services import (
    attempts,
    candidates,
    passwords,
    second_factors,
    sessions,
    sso_policy,
    standing,
)
from accounts.services.attempts import Bucket
from accounts.services.candidates import Candidate
from accounts.services.ceremonies import Assertion
from accounts.services.factor_codes import Answer
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin
from resilience.contract import enforces


@enforces(controls.SIGN_IN)
@sso_policy.recorded
def with_password(
    email: str, password: str, *, origin: Origin, now: datetime
) -> SignedIn | Awaiting:
    """
    Open a session for the right address and password, or ask for the second factor.

    Unknown addresses, wrong passwords and accounts without one get the same answer after the same
    work.

    :raises InvalidCredentials: wrong, whatever was wrong
    :raises TooManyAttempts: the account or the network used up its attempts
    :raises HashingBusy: no hash slot became free
    """
    candidate = candidates.find(email, origin=origin, now=now)
    user = verified(candidate, password, origin=origin, now=now)
    try:
        return sessions.start(
            user,
            methods=["pwd"],
            origin=origin,
            now=now,
            password_seen=user.password,
            password_upgrade=passwords.upgraded(user.password, password),
            tries=candidate.tries,
            knows_device=candidate.knows_device,
        )
    except InvalidCredentials as refusal:
        _refused(candidate, refusal, origin=origin)
        raise
    except SSORequired:
        # The password was right, and nobody guesses.
        candidate.tries.forgive()
        raise


def check_password(email: str, password: str, *, origin: Origin, now: datetime) -> User:
    """
    Return the person an address and password belong to, under the limits of a sign-in.

    For doors that keep sessions of their own, such as the admin site.

    :raises InvalidCredentials: wrong, whatever was wrong
    :raises TooManyAttempts: the account or the network used up its attempts
    """
    candidate = candidates.find(email, origin=origin, now=now)
    user = verified(candidate, password, origin=origin, now=now)
    candidate.tries.forgive()
    return user


def verified(candidate: Candidate, password: str, *, origin: Origin, now: datetime) -> User:
    """Spend one attempt on a password and return its owner, or record the refusal."""
    user = candidate.user
    try:
        candidate.tries.take(now=now)
        if not passwords.is_right(user.password if user else None, password) or user is None:
            raise InvalidCredentials(reason="wrong password" if user else "unknown address")
        if not user.is_active:
            raise InvalidCredentials(reason="person is switched off")
    except (TooManyAttempts, InvalidCredentials) as refusal:
        _refused(candidate, refusal, origin=origin)
        raise
    return user


@enforces(controls.SIGN_IN)
def again(
    who: Standing,
    *,
    password: str = "",
    code: str = "",
    passkey: Assertion | None = None,
    origin: Origin,
    now: datetime,
) -> None:
    """
    Prove again the password, or a second factor, so that this session may do what asks for it.

    :raises InvalidCredentials: wrong password
    :raises InvalidCode: wrong code or passkey
    :raises TooManyAttempts: this person used up the attempts; the session itself goes on
    """
    if code or passkey:
        answer = Answer(code=code, passkey=passkey)
        second_factors.prove(who, answer, origin=origin, now=now)
    else:
        prove(who, password, origin=origin, now=now)
    with transaction.atomic():
        Session.objects.filter(pk=who.session_id, ended_at=None).update(
            proved_at=now, version=F("version") + 1
        )
        get_audit_service().record(
            Event.SESSION_REAUTHENTICATED,
            actor=who.actor,
            target=Target("session", id=str(who.session_id)),
            origin=origin,
            session_id=who.session_id,
        )
        transaction.on_commit(lambda: standing.refresh_session(who.session_id))


def prove(
    who: Standing,
    password: str,
    *,
    origin: Origin,
    now: datetime,
    wanting: Event = Event.SESSION_REAUTHENTICATED,
) -> User:
    """
    Check the password of somebody who is signed in and wants something, and return them.

    Counted apart from sign-ins: a stranger who fails at the front door cannot take this away.

    :raises InvalidCredentials: wrong password
    :raises TooManyAttempts: the attempts of this person are used up
    :raises SessionEnded: the person is gone, or was switched off a moment ago
    """
    bucket = Bucket.of(attempts.PROOF, who.user_id)
    user = User.objects.filter(pk=who.user_id, is_active=True).first()
    if user is None:
        raise SessionEnded(reason="person is gone")
    try:
        attempts.take(bucket, now=now)
        if not passwords.is_right(user.password, password):
            raise InvalidCredentials("The password is wrong.", reason="wrong password")
    except (TooManyAttempts, InvalidCredentials) as refusal:
        get_audit_service().record_refusal(
            wanting,
            actor=who.actor,
            target=Target("session", id=str(who.session_id)),
            origin=origin,
            session_id=who.session_id,
            reason=refusal.reason,
        )
        raise
    attempts.forgive(cleared=[bucket], refunded=[])
    return user


def account_buckets(user: User) -> list[Bucket]:
    """The counters that keep strangers from an account; its owner's proof clears them."""
    return [Bucket.of(attempts.STRANGER, user.pk), Bucket.of(attempts.PROOF, user.pk)]


def _refused(
    candidate: Candidate, refusal: InvalidCredentials | TooManyAttempts, *, origin: Origin
) -> None:
    is_lockout = isinstance(refusal, TooManyAttempts) and refusal.is_new
    get_audit_service().record_refusal(
        Event.LOCKOUT_REACHED if is_lockout else Event.SESSION_REFUSED,
        actor=ANONYMOUS,
        target=candidate.target,
        origin=origin,
        reason=refusal.reason or refusal.error_code,
    )
