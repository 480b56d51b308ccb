"""
Trying a passkey: the signature, its challenge, whose key it is, and how often it has signed.

Challenge and count each move by one conditional update in the database, so of any number of
callers with one answer, on any worker and with Redis gone, one is right.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from accounts.errors import InvalidCode
from accounts.models import Passkey
from accounts.passkey_controls import PASSKEYS
from accounts.services import ceremonies, passkey_challenges
from accounts.services.ceremonies import Assertion, Shown
from accounts.services.passkey_challenges import Occasion, Purpose
from resilience.contract import enforces

CLONED = "passkey was cloned"


def held_by(user_id: UUID) -> list[Passkey]:
    """List the passkeys of a person, newest first."""
    return list(Passkey.objects.filter(user_id=user_id).order_by("-pk"))


def owner_of(assertion: Assertion) -> UUID | None:
    """Say whose passkey an answer claims to come from."""
    named = Passkey.objects.filter(credential_id=assertion.credential_id)
    return named.values_list("user_id", flat=True).first()


@enforces(PASSKEYS)
def spend(assertion: Assertion, occasion: Occasion, *, user_id: UUID, now: datetime) -> Passkey:
    """
    Use up an answer of one of a person's passkeys, in the caller's transaction.

    Unknown keys, wrong signatures, used and foreign challenges and foreign origins do the same
    work and are refused alike.

    :raises InvalidCode: it is wrong, whatever is wrong; for ``CLONED`` the signature was right
    """
    mine = Passkey.objects.filter(user_id=user_id, credential_id=assertion.credential_id)
    passkey = mine.first()
    is_fresh = passkey_challenges.spend(assertion.challenge, occasion, now=now)
    shown = ceremonies.shown(assertion, bytes(passkey.public_key) if passkey else None)
    if passkey is None or not is_fresh:
        raise InvalidCode(reason="no such challenge")
    if not _names(assertion, passkey, is_wanted=occasion.purpose is Purpose.SIGN_IN):
        raise InvalidCode(reason="passkey of another person")
    if shown.is_backup_eligible != passkey.is_backup_eligible:
        raise InvalidCode(reason="another kind of passkey")
    if not _move(passkey, shown, now=now):
        raise InvalidCode(reason=CLONED)
    return passkey


def methods_of(passkey: Passkey) -> list[str]:
    """
    RFC 8176 names: the key, the touch, and what the authenticator asked to know its person.

    A key that may be copied to other devices is one in software, whatever keeps it.
    """
    return ["swk" if passkey.is_backup_eligible else "hwk", "user", "mfa"]


def _names(assertion: Assertion, passkey: Passkey, *, is_wanted: bool) -> bool:
    """Compare the person that the authenticator names; only a sign-in from nothing needs one."""
    handle = assertion.user_handle
    return handle == passkey.user_id.bytes if handle or is_wanted else True


def _move(passkey: Passkey, shown: Shown, *, now: datetime) -> bool:
    """Note one more use; false when the count did not grow, so that two hold the key."""
    mine = Passkey.objects.filter(pk=passkey.pk)
    if shown.sign_count:
        mine = mine.filter(sign_count__lt=shown.sign_count)
    else:
        mine = mine.filter(sign_count=0)
    return bool(
        mine.update(sign_count=shown.sign_count, is_backed_up=shown.is_backed_up, last_used_at=now)
    )
