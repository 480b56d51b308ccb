"""What is written down when a factor is refused, and who is told of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from accounts.errors import InvalidCode, TooManyAttempts
from accounts.models import User
from accounts.services import factor_letters, passkey_proofs
from accounts.services.factor_codes import Answer
from audit.events import Event
from audit.parties import Actor, Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin


def note(
    refusal: TooManyAttempts | InvalidCode,
    answer: Answer,
    *,
    wanting: Event,
    actor: Actor,
    target: Target,
    origin: Origin,
    now: datetime,
    session_id: UUID | None = None,
) -> None:
    """
    Record the refusal of what was wanted; of a passkey that was copied its owner is told too.

    Call it outside the transaction that was refused.
    """
    is_lockout = isinstance(refusal, TooManyAttempts) and refusal.is_new
    event = Event.LOCKOUT_REACHED if is_lockout else wanting
    if refusal.reason == passkey_proofs.CLONED:
        event = Event.PASSKEY_CLONED
    get_audit_service().record_refusal(
        event,
        actor=actor,
        target=target,
        origin=origin,
        session_id=session_id,
        reason=refusal.reason,
    )
    if event is Event.PASSKEY_CLONED and answer.passkey:
        for owner in User.objects.filter(passkeys__credential_id=answer.passkey.credential_id):
            factor_letters.tell(owner, factor_letters.CLONED, origin=origin, now=now)
