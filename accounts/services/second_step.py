"""The second step of a sign-in: whoever showed the first proof shows a second factor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from accounts import controls
from accounts.errors import InvalidCode, InvalidCredentials, TooManyAttempts
from accounts.federation_errors import SSORequired
from accounts.models import PendingSignIn, User
from accounts.services import (
    attempts,
    factor_codes,
    factor_letters,
    factor_refusals,
    pending_sign_ins,
    sessions,
    sso_policy,
)
from accounts.services.attempts import Bucket
from accounts.services.factor_codes import Answer, Proved
from accounts.services.federation import Voucher
from accounts.services.passkey_challenges import Occasion, Purpose
from accounts.services.pending_sign_ins import Awaiting, Door
from accounts.services.sessions import SignedIn
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

Opened = TypeVar("Opened")
# Opens a session: for whom, by which methods, with which factor, vouched for by a connection.
Enter = Callable[[User, list[str], Proved, Voucher | None], Opened | Awaiting]

_NOBODY = UUID(int=0)


@enforces(controls.SECOND_FACTORS)
@sso_policy.recorded
def with_factor(token: str, answer: Answer, *, origin: Origin, now: datetime) -> SignedIn:
    """
    Open the session that a sign-in over the API waits for.

    A wrong code, a code that was used and a token that leads nowhere get the same answer.

    :raises InvalidCode: wrong, whatever was wrong
    :raises TooManyAttempts: the tries of the person or of this sign-in are used up
    :raises ConfigurationError: no field key opens the secret
    """

    def enter(
        person: User, methods: list[str], second: Proved, voucher: Voucher | None
    ) -> SignedIn | Awaiting:
        return sessions.start(
            person,
            methods=methods,
            origin=origin,
            now=now,
            password_seen=person.password,
            second=second,
            voucher=voucher,
        )

    return complete(token, answer, door=Door.API, enter=enter, origin=origin, now=now)


@enforces(controls.SECOND_FACTORS, controls.LOCKOUT)
def complete(
    token: str,
    answer: Answer,
    *,
    door: Door,
    enter: Enter[Opened],
    origin: Origin,
    now: datetime,
) -> Opened:
    """
    Let ``enter`` open what waits behind a token, in one transaction with all that is spent on it.

    :raises InvalidCode: wrong, whatever was wrong
    :raises TooManyAttempts: the tries of the person or of this sign-in are used up
    """
    pending = pending_sign_ins.find(token, door=door, now=now)
    holder = pending.user_id if pending else token
    try:
        # A token of nobody is counted and tried like any other, so that time tells nothing.
        with factor_codes.counted(holder, Bucket.of(attempts.PENDING, token), now=now):
            return _spend(pending, answer, enter=enter, origin=origin, now=now)
    except (TooManyAttempts, InvalidCode) as refusal:
        factor_refusals.note(
            refusal,
            answer,
            wanting=Event.SESSION_REFUSED,
            actor=ANONYMOUS,
            target=sessions.target_of(pending.user) if pending else Target("user"),
            origin=origin,
            now=now,
        )
        raise


@after_conflicts
def _spend(
    pending: PendingSignIn | None,
    answer: Answer,
    *,
    enter: Enter[Opened],
    origin: Origin,
    now: datetime,
) -> Opened:
    whose, waiting = (pending.user_id, pending.pk) if pending else (_NOBODY, _NOBODY)
    occasion = Occasion(Purpose.SECOND_STEP, waiting)
    try:
        with transaction.atomic():
            # Everything that touches factors holds the person first: one order, no deadlock.
            person = User.objects.select_for_update(no_key=True).filter(pk=whose).first()
            second = factor_codes.spend(whose, answer, occasion=occasion, now=now)
            if person is None or pending is None:
                raise InvalidCode(reason="no sign-in waits")
            if not pending_sign_ins.spend(pending, person=person, now=now):
                raise InvalidCode(reason="overtaken sign-in")
            added = [name for name in second.methods if name not in pending.methods]
            voucher = pending_sign_ins.voucher_of(pending)
            opened = enter(person, [*pending.methods, *added], second, voucher)
            if isinstance(opened, Awaiting):
                raise InvalidCode(reason="another factor is wanted")
            if second.factor == factor_codes.RECOVERY_CODE:
                _tell_of_recovery_code(person, origin=origin, now=now)
            return opened
    except SSORequired:
        raise
    except (InvalidCredentials, AuthorizationError) as refusal:
        raise InvalidCode(reason=refusal.reason) from refusal


def _tell_of_recovery_code(person: User, *, origin: Origin, now: datetime) -> None:
    left = factor_codes.unused(person.pk)
    get_audit_service().record(
        Event.RECOVERY_CODE_USED,
        actor=sessions.actor_of(person),
        target=sessions.target_of(person),
        origin=origin,
        reason=f"codes left: {left}",
        now=now,
    )
    factor_letters.tell(person, factor_letters.used(left), origin=origin, now=now)
