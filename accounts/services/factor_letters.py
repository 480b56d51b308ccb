"""Telling people by mail what became of their second factor, so that a thief cannot be quiet."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from accounts.services import notices
from plinto.kernel.origin import Origin

ADDED = "An authenticator app was added to your account. Signing in asks for its code from now on."
PASSKEY_ADDED = (
    "A passkey was added to your account. From now on it signs in by itself, and signing in with "
    "the password asks for it or for another factor."
)
CLONED = (
    "A passkey of your account was refused because it seems to exist twice. Remove it, and add one "
    "anew."
)
RENEWED = "Ten new recovery codes were made for your account. The old ones work no more."
RESET = (
    "An administrator removed the second factor of your account and ended its sessions. Signing in "
    "asks for no code any more."
)


def removed(what: str, *, is_last: bool) -> str:
    """Say that a factor was removed, and what that means for signing in."""
    if is_last:
        return f"The {what} of your account was removed. Signing in asks for no code any more."
    return f"One {what} of your account was removed. The other factors work as before."


def used(left: int) -> str:
    """Say that a recovery code signed somebody in, and how many are left."""
    return f"A recovery code was used to sign in to your account. Codes left: {left}."


def tell(person: User, what: str, *, origin: Origin | None, now: datetime) -> None:
    """Mail a person one of the sentences above; a colleague's origin is left out."""
    notices.tell("second_factor", person, what, origin=origin, now=now)
