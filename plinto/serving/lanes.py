"""
Requests that hash a password take turns, so that they never hold every thread.

A hash takes tens of milliseconds and a process does few at once (``HASH_SLOTS``). Sign-ins that
wait for a slot in their threads would leave none to those who only ask for something; here they
wait without one, in the order in which they came.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

# Where passwords are hashed or verified.
HASHING = frozenset(
    {
        "/admin/login/",
        "/api/v1/auth/login",
        "/api/v1/auth/password/reset/confirm",
        "/api/v1/auth/register",
        "/api/v1/me/password",
    }
)


class Lane:
    """Lets ``width`` requests go on at once; the next goes on in the thread of one that ended."""

    def __init__(self, *, width: int) -> None:
        self._lock = threading.Lock()
        self._free = width
        self._waiting: deque[Callable[[], None]] = deque()

    def run(self, work: Callable[[], None]) -> None:
        """Do ``work``, which must not raise, now or when it is its turn."""
        with self._lock:
            if not self._free:
                self._waiting.append(work)
                return
            self._free -= 1
        while True:
            work()
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                work = self._waiting.popleft()
