"""Domains: their one spelling, and which of them nobody can have alone."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList  # type: ignore[attr-defined, unused-ignore]

# RFC 1035, section 2.3.4 allows 253; the name of the challenge must fit as well.
LONGEST = 230
# RFC 952 and RFC 1123, section 2.1.
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_UNREADABLE = "Send a domain such as example.com."


def canonical(text: str) -> str:
    """
    Read a domain and return it as the domain name system spells it, in small ASCII letters.

    :raises ValueError: it is no domain, or one under which anybody may register; the message is
        fit for a caller
    """
    name = text.strip().rstrip(".").lower()
    if not name or len(text) > LONGEST:
        raise ValueError(_UNREADABLE)
    try:
        # UTS 46 as browsers apply it: full-width letters and dots are the plain ones.
        name = idna.encode(name, uts46=True, std3_rules=True).decode("ascii").rstrip(".")
    except UnicodeError as error:
        raise ValueError(_UNREADABLE) from error
    labels = name.split(".")
    if len(labels) < 2 or len(name) > LONGEST or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(_UNREADABLE)
    if labels[-1].isdigit() or _is_address(name):
        raise ValueError(_UNREADABLE)
    if is_public_suffix(name):
        raise ValueError("Anybody may register names below this domain, so nobody can prove it.")
    return name


def is_public_suffix(name: str) -> bool:
    """
    Tell whether strangers register names directly below this one, as below ``co.uk``.

    One of them could come to own the name of the challenge (publicsuffix.org).
    """
    return _suffixes().publicsuffix(name) == name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
