"""
What makes a password acceptable (NIST SP 800-63B-4, section 3.1.1.2).

Length and a blocklist; no composition rules, no expiry. Passwords are normalised to NFC first,
so one password typed on two keyboards is one password.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

SHORTEST = 15  # without a second factor
LONGEST = 128  # bounds what reaches the hasher
# What everybody who attacks this service tries first (ASVS 5.0, requirement 6.1.2).
CONTEXT_WORDS = (
    "plinto",
    "password",
    "passphrase",
    "administrator",
    "admin",
    "account",
    "identity",
    "login",
    "signin",
    "welcome",
)


def normalise(password: str) -> str:
    """Compose the password canonically (NFC), as it is hashed and compared."""
    return unicodedata.normalize("NFC", password)


def problems(
    password: str, *, personal: Iterable[str], is_blocked: Callable[[str], bool]
) -> list[str]:
    """
    List why a normalised password is refused, in words for the person; empty means accepted.

    ``personal`` holds what others know of the person and of the service: address, name, hosts.
    """
    if len(password) < SHORTEST:
        return [f"Use at least {SHORTEST} characters. A sentence works well."]
    if len(password) > LONGEST:
        return [f"Use at most {LONGEST} characters."]
    if len(set(password)) < 4:
        return ["This password repeats a few characters. Choose one that is harder to guess."]
    if any(is_blocked(candidate) for candidate in {password, password.lower(), _unit(password)}):
        return ["This password is among the first that attackers try. Choose another."]
    if _is_mostly_personal(password, personal):
        return ["This password is too close to your name or address, or to ours. Choose another."]
    return []


def _unit(password: str) -> str:
    """The part a password repeats: ``passwordpassword`` is ``password`` typed twice."""
    folded = password.lower()
    return folded[: (folded + folded).index(folded, 1)]


def _is_mostly_personal(password: str, personal: Iterable[str]) -> bool:
    """Whether what is left without the personal parts would be too short to guard anything."""
    rest = password.lower()
    words = {part.lower() for part in (*personal, *CONTEXT_WORDS) if len(part) >= 4}
    for word in sorted(words, key=len)[::-1]:
        rest = rest.replace(word, "")
    return len(rest) < SHORTEST // 2
