"""Password hashing: argon2id at OWASP's parameters, with a bound on how many run at once."""

from __future__ import annotations

import os
import re
import threading
from base64 import b64encode
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from nacl.bindings import (
    crypto_pwhash_alg,
    crypto_pwhash_ALG_ARGON2ID13,
    crypto_pwhash_SALTBYTES,
    crypto_pwhash_str_verify,
)
from nacl.exceptions import InvalidkeyError

from accounts import controls
from accounts.errors import HashingBusy
from plinto.kernel import lines
from resilience.contract import enforces

# Longer than a queue of hashes takes when the process is well; beyond it more waiting is useless.
_WAIT_SECONDS = 2.0
# Who stood in line before the server's lane for longer has given up, or will try again; a hash
# for them would keep those waiting who have not.
_LINE_SECONDS = 10.0
_DERIVED_BYTES = 32
# Salt and hash in base64: at least 16 bytes, and 32.
_LONG_ENOUGH = re.compile(r"[^$]{22,}\$[^$]{43}")
# It reads argon2i and argon2id in up to 127 characters; of what is longer, or argon2d, it would
# say that every password is wrong.
_READ_BY_LIBSODIUM = re.compile(r"argon2(?=.{1,127}\Z)\$argon2id?\$v=19\$.+")

_Outcome = TypeVar("_Outcome")


class _Slots:
    """What bounds how many hashes this process computes at once, and the queue before them."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(settings.HASH_SLOTS)

    def run(self, work: Callable[..., _Outcome], *arguments: Any) -> _Outcome:
        if lines.waited() > _LINE_SECONDS or not self._free.acquire(timeout=_WAIT_SECONDS):
            raise HashingBusy(retry_after=2, reason="no hash slot")
        try:
            return work(*arguments)
        finally:
            self._free.release()


_slots = _Slots()


def _renew_slots() -> None:
    # The semaphore would count hashes of the parent.
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
    argon2id with 19 MiB, two passes and one lane (OWASP Password Storage Cheat Sheet, RFC 9106).

    Django's default takes 100 MiB per sign-in, so a login storm is an outage of memory. Here a
    process never holds more than ``HASH_SLOTS`` times 19 MiB; who finds no slot in time is
    asked to come back. libsodium computes it (ADR 27).

    :raises HashingBusy: no slot became free within two seconds
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def salt(self) -> str:
        """Make 16 random bytes, as a text of as many characters."""
        return os.urandom(crypto_pwhash_SALTBYTES).decode("latin-1")

    def encode(self, password: str, salt: str) -> str:
        salted = salt.encode("latin-1")
        derived = in_slot(
            crypto_pwhash_alg,
            _DERIVED_BYTES,
            password.encode(),
            salted,
            self.time_cost,
            self.memory_cost * 1024,
            crypto_pwhash_ALG_ARGON2ID13,
        )
        return f"{self._beginning}{_base64(salted)}${_base64(derived)}"

    def verify(self, password: str, encoded: str) -> bool:
        if not _READ_BY_LIBSODIUM.fullmatch(encoded):
            return in_slot(super().verify, password, encoded)
        hashed = encoded.removeprefix("argon2").encode()
        try:
            return in_slot(crypto_pwhash_str_verify, hashed, password.encode())
        except InvalidkeyError:
            return False

    def must_update(self, encoded: str) -> bool:
        """Tell whether it has other costs than today's, or a shorter salt or hash."""
        rest = encoded.removeprefix(self._beginning)
        return rest == encoded or not _LONG_ENOUGH.fullmatch(rest)

    @property
    def _beginning(self) -> str:
        costs = f"m={self.memory_cost},t={self.time_cost},p={self.parallelism}"
        return f"{self.algorithm}$argon2id$v=19${costs}$"


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode().rstrip("=")
