"""Random bytes for identifiers, fetched from the system in one piece for many."""

from __future__ import annotations

import os
import threading

_PIECE = 4096


class RandomBytes:
    """
    The system's random bytes, each handed out once.

    To ask the system for eight costs what it costs to ask for hundreds, and lets another thread in.
    They wait in memory until they are used: for names that must not repeat or be guessed from
    others, not for secrets.
    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Forget what a parent process may hand out as well, and the lock that it may hold."""
        self._lock = threading.Lock()
        self._left = memoryview(b"")

    def take(self, count: int) -> bytes:
        with self._lock:
            if len(self._left) < count:
                self._left = memoryview(os.urandom(_PIECE))
            taken, self._left = self._left[:count], self._left[count:]
        return bytes(taken)


_bytes = RandomBytes()
take = _bytes.take

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_bytes.renew)
