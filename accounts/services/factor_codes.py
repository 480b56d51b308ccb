"""
Trying a second factor: codes of an authenticator app, passkeys, and recovery codes.

Each is spent by one conditional update in the database, so of any number of callers with one
code, on any worker and with Redis gone, one is right. All factors of a person share one count of
wrong tries, taken before the work.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts import controls
from accounts.errors import InvalidCode
from accounts.models import AuthenticatorApp, Passkey, RecoveryCode
from accounts.rules import one_time_codes
from accounts.services import attempts, passkey_proofs
from accounts.services.attempts import Bucket
from accounts.services.ceremonies import Assertion
from accounts.services.passkey_challenges import Occasion
from plinto.kernel.crypto import decrypt, encrypt, keyed_digest
from plinto.kernel.exceptions import PlintoException
from resilience.contract import enforces

_PURPOSE = "authenticator secret"
# Codes of nobody are computed too, so that time does not tell who has an app.
_SECRET_OF_NOBODY = "A" * 32

TOTP, PASSKEY, RECOVERY_CODE = "totp", "passkey", "recovery_code"


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody shows as a second factor; all but one are empty."""

    code: str = field(default="", repr=False)
    recovery_code: str = field(default="", repr=False)
    passkey: Assertion | None = None


@dataclass(frozen=True, slots=True)
class Proved:
    """
    A second factor that was right and is spent; only this module makes one.

    ``methods`` are RFC 8176 names; there is none for a code from a list.
    """

    user_id: UUID
    factor: str
    methods: list[str]


def confirmed(user_id: UUID) -> AuthenticatorApp | None:
    """Return the app that is a person's second factor."""
    return AuthenticatorApp.objects.filter(user_id=user_id, confirmed_at__isnull=False).first()


def unused(user_id: UUID) -> int:
    """Count the recovery codes that a person has left."""
    return RecoveryCode.objects.filter(user_id=user_id, used_at=None).count()


def any_of(user_id: UUID) -> bool:
    """Say whether a person has a second factor, so that signing in asks for it."""
    return confirmed(user_id) is not None or Passkey.objects.filter(user_id=user_id).exists()


def available(user_id: UUID) -> list[str]:
    """Name the ways in which a person can prove their second factor; none without one."""
    held = [TOTP] if confirmed(user_id) else []
    if Passkey.objects.filter(user_id=user_id).exists():
        held.append(PASSKEY)
    return [*held, RECOVERY_CODE] if held and unused(user_id) else held


@contextmanager
def counted(holder: UUID | str, *others: Bucket, now: datetime) -> Iterator[None]:
    """
    Count the block as one try at the factors of a person; its success forgives the ones before.

    Call it outside a transaction: the count must outlive what is refused.

    :raises TooManyAttempts: the tries are used up, and the block does not run
    """
    own = Bucket.of(attempts.FACTOR, holder)
    attempts.take(own, *others, now=now)
    try:
        yield
    except InvalidCode:
        raise
    except PlintoException:
        # Nothing was guessed, such as when no key opens the secret.
        attempts.forgive(refunded=[own, *others])
        raise
    attempts.forgive(cleared=[own])


@enforces(controls.SECOND_FACTORS)
def spend(user_id: UUID, answer: Answer, *, occasion: Occasion, now: datetime) -> Proved:
    """
    Use up what somebody shows as the second factor of a person, in the caller's transaction.

    ``occasion`` is what a passkey has to have been asked for.

    :raises InvalidCode: it is wrong, was used, or there is no such factor
    :raises ConfigurationError: no key opens the secret
    """
    if answer.passkey:
        used = passkey_proofs.spend(answer.passkey, occasion, user_id=user_id, now=now)
        return Proved(user_id, PASSKEY, passkey_proofs.methods_of(used))
    if answer.recovery_code:
        spent = _spend_recovery_code(user_id, answer.recovery_code, now=now)
        if not any_of(user_id) or not spent:
            raise InvalidCode(reason="wrong recovery code")
        return Proved(user_id, RECOVERY_CODE, ["mfa"])
    app = confirmed(user_id)
    step = step_of(app, answer.code, now=now)
    if app is None or step is None or not _move(app, step, now=now):
        raise InvalidCode(reason="wrong code")
    return Proved(user_id, TOTP, ["otp", "mfa"])


def seal(secret: str) -> bytes:
    """Encrypt a secret for its row."""
    return encrypt(secret.encode(), purpose=_PURPOSE)


def step_of(app: AuthenticatorApp | None, code: str, *, now: datetime) -> int | None:
    """
    Return the step that a code of this app belongs to, unless it is none of now or was used.

    :raises ConfigurationError: no key opens the secret
    """
    secret = decrypt(app.sealed_secret, purpose=_PURPOSE).decode() if app else _SECRET_OF_NOBODY
    after = app.last_step if app else 0
    return one_time_codes.matching_step(secret, code, at=now, after=after)


def renew_recovery_codes(user_id: UUID, *, now: datetime) -> list[str]:
    """Make ten new recovery codes in the caller's transaction; the old ones work no more."""
    codes = one_time_codes.new_recovery_codes()
    RecoveryCode.objects.filter(user_id=user_id).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user_id=user_id, code_digest=_digest(user_id, code), created_at=now)
        for code in codes
    )
    return codes


def drop_leftovers(user_id: UUID) -> None:
    """Delete the recovery codes of a person who has nothing left that they stand in for."""
    if not any_of(user_id):
        RecoveryCode.objects.filter(user_id=user_id).delete()


def _move(app: AuthenticatorApp, step: int, *, now: datetime) -> bool:
    mine = AuthenticatorApp.objects.filter(pk=app.pk, last_step__lt=step)
    return bool(mine.update(last_step=step, last_used_at=now))


def _spend_recovery_code(user_id: UUID, code: str, *, now: datetime) -> bool:
    wanted = _digest(user_id, code)
    unspent = RecoveryCode.objects.filter(user_id=user_id, used_at=None)
    for held in unspent:
        if hmac.compare_digest(bytes(held.code_digest), wanted):
            return bool(unspent.filter(pk=held.pk).update(used_at=now))
    return False


def _digest(user_id: UUID, code: str) -> bytes:
    plain = one_time_codes.read_recovery_code(code) or ""
    # 118 bits are not searched through; the key keeps the table of one person from another's.
    return keyed_digest(f"{user_id.hex}\x1f{plain}", purpose="recovery code")
