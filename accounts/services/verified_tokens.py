"""
Access tokens that this process has verified, so that each signature is computed once.

What is remembered is that a text carries a good signature, never that its bearer may come in: the
session is asked on every request all the same. An entry is named by the SHA-256 of its token, so a
dump of the memory signs nobody in, and holds who the token names. It is believed until the token
expires and only while the ring publishes the very key that verified it; refusals are not
remembered, so forged tokens push nobody out.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from resilience import measures
from resilience.forks import renew_after_fork
from resilience.readings import Reading, Readings

# About 2.6 kB each, with what was concluded. A token that is not there costs a signature.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Claims:
    """
    What a verified access token says of its bearer; the session row has the last word.

    ``conclusions`` holds what was concluded from it, as long as the token is remembered. Whoever
    puts one there keeps with it what else it was concluded from, and compares that.
    """

    user_id: UUID
    session_id: UUID
    organization_id: UUID | None = None
    conclusions: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """
    The outcome of one verification.

    ``kid`` and ``public`` are the key that made it, ``ends_at`` is the token's ``exp`` in seconds.
    """

    claims: Claims
    kid: str
    public: Any
    ends_at: int


class VerifiedTokens:
    """
    The ``most`` tokens that were used last.

    ``key_named`` returns the public key that the ring has under a name at a moment, if any.
    """

    def __init__(
        self, key_named: Callable[[str, datetime], Any | None], *, most: int = MOST
    ) -> None:
        self._key_named = key_named
        self._most = most
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Forget every token."""
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, Verified] = OrderedDict()
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, raw: bytes, *, now: datetime) -> Claims | None:
        """Return what a token says if it was verified before and is still good."""
        name = sha256(raw).digest()
        with self._lock:
            known = self._entries.get(name)
            if known is not None:
                self._entries.move_to_end(name)
        # Outside of the lock: the ring may be read from the database meanwhile.
        if known is not None and self._is_good(known, now):
            self.hits += 1
            return known.claims
        self.misses += 1
        if known is not None:
            with self._lock:
                self._entries.pop(name, None)
        return None

    def keep(self, raw: bytes, verified: Verified) -> None:
        """Remember a token, in the place of the one that was used least lately."""
        name = sha256(raw).digest()
        with self._lock:
            self._entries[name] = verified
            self._entries.move_to_end(name)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def readings(self) -> Readings:
        """Tell the metrics how often a token was found, and how often it had to be verified."""
        yield Reading(measures.TOKEN_READS, ("hit",)), self.hits
        yield Reading(measures.TOKEN_READS, ("miss",)), self.misses

    def _is_good(self, known: Verified, now: datetime) -> bool:
        if now.timestamp() >= known.ends_at:
            return False
        return self._key_named(known.kid, now) is known.public
