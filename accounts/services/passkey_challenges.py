"""Challenges: random values, each good for one answer of an authenticator to one question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from accounts.models import PasskeyChallenge
from accounts.passkey_controls import PASSKEYS
from plinto.kernel.crypto import new_token, token_digest
from resilience import trimming
from resilience.contract import enforces

LIVES_FOR = timedelta(minutes=5)


class Purpose(StrEnum):
    """What an answer is wanted for; it is good for nothing else."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    SECOND_STEP = "second_step"
    REAUTHENTICATE = "reauthenticate"


@dataclass(frozen=True, slots=True)
class Occasion:
    """A purpose, and the session or the waiting sign-in that it belongs to, if any."""

    purpose: Purpose
    bound_to: UUID | None = None


SIGN_IN = Occasion(Purpose.SIGN_IN)


@enforces(PASSKEYS)
def issue(occasion: Occasion, *, user_id: UUID | None, now: datetime) -> str:
    """Draw a challenge: 256 random bits in URL-safe base64, as the client will see them signed."""
    challenge = new_token("")
    PasskeyChallenge.objects.create(
        user_id=user_id,
        purpose=occasion.purpose.value,
        bound_to=occasion.bound_to,
        challenge_digest=token_digest(challenge),
        created_at=now,
        expires_at=now + LIVES_FOR,
    )
    return challenge


@enforces(PASSKEYS)
def spend(challenge: str, occasion: Occasion, *, now: datetime) -> bool:
    """
    Use one up in the caller's transaction; false when it was used, has expired or is another's.
    """
    mine = PasskeyChallenge.objects.filter(
        challenge_digest=token_digest(challenge),
        purpose=occasion.purpose.value,
        bound_to=occasion.bound_to,
        used_at=None,
        expires_at__gt=now,
    )
    return bool(mine.update(used_at=now))


def trim(*, now: datetime) -> int:
    """Delete what has expired."""
    return trimming.delete(PasskeyChallenge.objects.filter(expires_at__lt=now))
