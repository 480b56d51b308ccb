"""
What people type in as a second factor: codes of authenticator apps, and recovery codes.

An app's code is TOTP (RFC 6238) as every app knows it: six digits, SHA-1, a step of thirty
seconds. Whether a step was used before is for the caller to remember: pyotp's own ``verify``
takes a code twice.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from datetime import datetime

from pyotp import TOTP, random_base32

STEP_SECONDS = 30
# For whoever read the code just before it changed (ASVS 5.0, 6.5.5 wants no more than needed).
GRACE_SECONDS = 5

RECOVERY_CODES = 10
# Nothing that is taken for something else on paper. Twenty-four of these are 118 bits, so many
# that a digest is as good as a password hash (ASVS 5.0, 6.5.2 wants 112).
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _GROUP = 4, 6
_LENGTH = _GROUPS * _GROUP


def new_secret() -> str:
    """Draw a secret of 160 bits (RFC 4226, section 4), in base32 as apps want it."""
    return random_base32()


def uri(secret: str, *, account: str, issuer: str) -> str:
    """Write a secret as the ``otpauth:`` address that apps read from a QR code."""
    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def matching_step(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """
    Return the step a code belongs to, or None if it is not one that may be used at ``at``.

    That is the present step, or within the grace the one before it; never ``after`` or an
    earlier one, whatever the clock has done since.
    """
    present, elapsed = divmod(int(at.timestamp()), STEP_SECONDS)
    steps = [present] if elapsed >= GRACE_SECONDS else [present, present - 1]
    app, found = TOTP(secret), None
    for step in steps:
        is_right = hmac.compare_digest(app.generate_otp(step).encode(), code.encode())
        if is_right and step > after:
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Draw ten recovery codes, written in groups of six."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(RECOVERY_CODES)]


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))


def read_digits(text: str) -> str | None:
    """Return the six digits that somebody wrote, in whatever script and spacing, or None."""
    kept = _squeezed(text)
    if len(kept) != 6 or not all(char.isdecimal() for char in kept):
        return None
    return "".join(str(unicodedata.decimal(char)) for char in kept)


def read_recovery_code(text: str) -> str | None:
    """Return a recovery code without its spaces, dashes and capitals, or None if it is none."""
    kept = _squeezed(text).lower()
    return kept if len(kept) == _LENGTH and set(kept) <= set(_ALPHABET) else None


def _squeezed(text: str) -> str:
    """Undo what keyboards and clipboards add: wide letters, spaces, every kind of dash."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        char
        for char in plain
        if not char.isspace() and unicodedata.category(char) not in {"Pd", "Cf"} and char != "−"
    )
