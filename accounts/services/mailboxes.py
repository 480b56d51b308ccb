"""How the trail names a mailbox that may be nobody's."""

from __future__ import annotations

from accounts.rules.addresses import Address
from audit.parties import Target
from plinto.kernel.crypto import keyed_digest


def target_of(address: Address) -> Target:
    """
    Name a mailbox by a digest of its address.

    Whoever knows the address finds its rows; nobody reads it from them, also when its owner was
    erased long ago.
    """
    return Target("mailbox", id=digest_of(address.key))


def digest_of(email_key: str) -> str:
    """The digest of an address, given its key, as 32 hexadecimal digits."""
    return keyed_digest(email_key, purpose="mailbox in the trail").hex()[:32]
