"""Signing in with a passkey: alone, or as the second step after a password."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import controls
from accounts.errors import InvalidCode, InvalidCredentials, TooManyAttempts
from accounts.models import User
from accounts.passkey_controls import PASSKEYS
from accounts.services import (
    attempts,
    ceremonies,
    factor_codes,
    factor_refusals,
    passkey_challenges,
    passkey_proofs,
    pending_sign_ins,
    sessions,
    sso_policy,
)
from accounts.services.attempts import Bucket
from accounts.services.ceremonies import Assertion
from accounts.services.factor_codes import Answer
from accounts.services.passkey_challenges import SIGN_IN, Occasion, Purpose
from accounts.services.pending_sign_ins import Awaiting, Door
from accounts.services.sessions import SignedIn
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

_NOBODY = UUID(int=0)


@enforces(PASSKEYS)
def options(token: str = "", *, door: Door = Door.API, now: datetime) -> dict[str, Any]:
    """
    Say what the browser is to ask an authenticator for.

    Without ``token`` any passkey will do and none is named, so that nobody learns who has one.
    With the token of a sign-in that waits at ``door``, it is one of those that its person has.

    :raises InvalidCode: nothing waits behind the token, or its person has no passkey
    """
    if not token:
        challenge = passkey_challenges.issue(SIGN_IN, user_id=None, now=now)
        return ceremonies.request_options([], challenge=challenge)
    pending = pending_sign_ins.find(token, door=door, now=now)
    held = passkey_proofs.held_by(pending.user_id) if pending else []
    if pending is None or not held:
        raise InvalidCode(reason="no passkey waits")
    occasion = Occasion(Purpose.SECOND_STEP, pending.pk)
    challenge = passkey_challenges.issue(occasion, user_id=pending.user_id, now=now)
    return ceremonies.request_options(held, challenge=challenge)


@enforces(PASSKEYS, controls.LOCKOUT)
@sso_policy.recorded
def with_passkey(assertion: Assertion, *, origin: Origin, now: datetime) -> SignedIn:
    """
    Open a session for the person whose passkey this is.

    An authenticator that knew its person is two factors in one: what they have, and what they are
    or know. So nothing more is asked for.

    :raises InvalidCode: wrong, whatever was wrong
    :raises TooManyAttempts: the tries of the person or of the network are used up
    """
    owner, answer = passkey_proofs.owner_of(assertion), Answer(passkey=assertion)
    source = Bucket.of(attempts.SOURCE, origin.network)
    try:
        # A passkey of nobody is counted and tried like any other, so that time tells nothing.
        with factor_codes.counted(owner or assertion.credential["id"], source, now=now):
            entry = _spend(owner or _NOBODY, answer, origin=origin, now=now)
    except (TooManyAttempts, InvalidCode) as refusal:
        person = User.objects.filter(pk=owner or _NOBODY).first()
        factor_refusals.note(
            refusal,
            answer,
            wanting=Event.SESSION_REFUSED,
            actor=ANONYMOUS,
            target=sessions.target_of(person) if person else Target("user"),
            origin=origin,
            now=now,
        )
        raise
    attempts.forgive(refunded=[source])
    return entry


@after_conflicts
def _spend(owner: UUID, answer: Answer, *, origin: Origin, now: datetime) -> SignedIn:
    try:
        with transaction.atomic():
            # Everything that touches factors holds the person first: one order, no deadlock.
            person = User.objects.select_for_update(no_key=True).filter(pk=owner).first()
            proved = factor_codes.spend(owner, answer, occasion=SIGN_IN, now=now)
            if person is None:
                raise InvalidCode(reason="person is gone")
            entry = sessions.start(
                person, methods=proved.methods, origin=origin, now=now, second=proved
            )
            if isinstance(entry, Awaiting):
                raise InvalidCode(reason="another factor is wanted")
            return entry
    except InvalidCredentials as refusal:
        raise InvalidCode(reason=refusal.reason) from refusal
