"""Password hashing: argon2id at OWASP's parameters, with a bound on how many run at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts import controls
from accounts.errors import HashingBusy
from plinto.kernel import lines
from resilience.contract import enforces

# Longer than a queue of hashes takes when the process is well; beyond it more waiting is useless.
_WAIT_SECONDS = 2.0
# Who stood in line before the server's lane for longer has given up, or will try again; a hash
# for them would keep those waiting who have not.
_LINE_SECONDS = 10.0

_Outcome = TypeVar("_Outcome")


class _Slots:
    """
    ``HASH_SLOTS`` threads that do nothing but hash, and the queue before them.

    The hashes have threads of their own because freed memory stays with the thread that used it:
    glibc keeps up to 38 MiB at the top of each thread's arena once blocks of 19 MiB have come and
    gone. Sixteen request threads behind a semaphore of two held 285 MiB in the end; two threads
    that hash for the sixteen hold 38.
    """

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(settings.HASH_SLOTS)
        self._threads = ThreadPoolExecutor(settings.HASH_SLOTS, thread_name_prefix="hash")

    def run(self, work: Callable[..., _Outcome], *arguments: Any) -> _Outcome:
        if lines.waited() > _LINE_SECONDS or not self._free.acquire(timeout=_WAIT_SECONDS):
            raise HashingBusy(retry_after=2, reason="no hash slot")
        try:
            return self._threads.submit(work, *arguments).result()
        finally:
            self._free.release()


_slots = _Slots()


def _renew_slots() -> None:
    # Threads do not survive a fork, and the semaphore would count hashes of the parent.
    global _slots
    _slots = _Slots()


os.register_at_fork(after_in_child=_renew_slots)


def in_slot(work: Callable[..., _Outcome], *arguments: Any) -> _Outcome:
    """
    Do the work of a hash in a slot.

    :raises HashingBusy: no slot became free within two seconds, or the request is ten seconds old
    """
    return _slots.run(work, *arguments)


@enforces(controls.PASSWORD_HASHING)
class BoundedArgon2Hasher(Argon2PasswordHasher):
    """
    argon2id with 19 MiB, two passes and one lane (OWASP Password Storage Cheat Sheet).

    Django's default takes 100 MiB per sign-in, so a login storm is an outage of memory. Here a
    process never holds more than ``HASH_SLOTS`` times 19 MiB; who finds no slot in time is
    asked to come back.

    :raises HashingBusy: no slot became free within two seconds
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return in_slot(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return in_slot(super().verify, password, encoded)
