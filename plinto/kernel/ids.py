"""UUIDv7 identifiers (RFC 9562, section 5.7): sorted by time, so lists page by id alone."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

from plinto.kernel import randomness

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """
    Mint an identifier greater than every earlier one of this process.

    48 bits of Unix milliseconds, then 12 bits that carry the sub-millisecond fraction (RFC 9562,
    section 6.2, method 3) and 62 random bits. A clock that stands still or jumps back counts on
    from the last value.
    """
    return UUID(int=_next())


def uuid7_text() -> str:
    """Mint one in its canonical form, for where nobody needs the object."""
    digits = f"{_next():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _next() -> int:
    global _last
    now = time.time_ns()
    milliseconds, remainder = divmod(now, 1_000_000)
    stamp = milliseconds << 12 | (remainder << 12) // 1_000_000
    with _lock:
        stamp = _last = max(stamp, _last + 1)
    random = int.from_bytes(randomness.take(8), "big") >> 2
    return (stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | random


def _unlock() -> None:
    """Renew the lock, which stays held in a forked child if another thread held it then."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)
