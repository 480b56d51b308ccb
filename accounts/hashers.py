"""Password hashing: argon2id at OWASP's parameters, with a bound on how many run at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts import controls
from accounts.errors import HashingBusy
from resilience.contract import enforces

# Longer than a queue of hashes takes when the process is well; beyond it more waiting is useless.
_WAIT_SECONDS = 2.0

_slots = threading.BoundedSemaphore(settings.HASH_SLOTS)


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
        with _slot():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _slot():
            return super().verify(password, encoded)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise HashingBusy(retry_after=2, reason="no hash slot")
    try:
        yield
    finally:
        _slots.release()
