"""
E-mail addresses, and when two spellings are one person.

Local parts are folded by ASCII only and non-ASCII ones are refused: under Unicode folding the
Kelvin sign lower-cases to "k", and a stranger's look-alike mailbox becomes somebody's account.
Domains go through IDNA (UTS 46), because that is what mail servers compare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

# RFC 5322 dot-atom. Quoted local parts are legal, used by nobody, and a source of confusion.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """An address as mail is sent to it, and the key under which its owner is known."""

    email: str
    key: str


def canonical(text: str) -> Address:
    """
    Read an address.

    :raises ValueError: it is not one that Plinto can mail; the message is fit for a caller
    """
    local, at, domain = text.strip().rpartition("@")
    # RFC 5321, section 4.5.3.1: 64 octets before the @, 254 in all.
    if not at or len(local) > 64 or not _LOCAL.match(local):
        raise ValueError("Enter an email address.")
    try:
        host = idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ValueError("Enter an email address.") from error
    email = f"{local}@{host}"
    if len(email) > 254 or not _DOMAIN.match(host):
        raise ValueError("Enter an email address.")
    return Address(email=email, key=email.lower())
