"""
Hashers for what ``manage.py import_users`` brings along; nothing new is hashed with them.

The first right password replaces such a hash by argon2id. Until then a wrong one takes as long as
the other system let it take, in the slots that all hashes share.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from base64 import b64decode
from typing import Any, NoReturn

from django.contrib.auth.hashers import (
    BasePasswordHasher,
    BCryptPasswordHasher,
    BCryptSHA256PasswordHasher,
)
from django.utils.crypto import constant_time_compare

from accounts.hashers import in_slot
from accounts.rules.foreign_hashes import MOST_MEMORY_KIB

# What bcrypt reads of a password; the library refuses more, its predecessors cut silently.
_BCRYPT_BYTES = 72


class ForeignBcryptHasher(BCryptPasswordHasher):
    """``bcrypt$$2b$12$…``"""

    def verify(self, password: str, encoded: str) -> bool:
        cut = password.encode()[:_BCRYPT_BYTES]
        return in_slot(_is_bcrypt, cut, encoded.partition("$")[2])


class ForeignBcryptSHA256Hasher(BCryptSHA256PasswordHasher):
    """``bcrypt_sha256$$2b$12$…``, as Django itself makes it"""

    def verify(self, password: str, encoded: str) -> bool:
        return in_slot(super().verify, password, encoded)


class _DerivedKeyHasher(BasePasswordHasher, ABC):
    """A key derived from password and salt, both in base64 at the end of the hash."""

    def verify(self, password: str, encoded: str) -> bool:
        *parameters, salt, wanted = encoded.split("$")[1:]
        raw = b64decode(wanted)
        key = in_slot(self._derive, password.encode(), b64decode(salt), len(raw), parameters)
        return constant_time_compare(key, raw)

    def encode(self, password: str, salt: str) -> NoReturn:
        raise NotImplementedError("Passwords are hashed with argon2id only.")

    def must_update(self, encoded: str) -> bool:  # noqa: ARG002
        return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: Django asks this of the preferred hasher only."""

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        return {"algorithm": encoded.partition("$")[0]}

    @abstractmethod
    def _derive(self, password: bytes, salt: bytes, length: int, parameters: list[str]) -> bytes:
        """Return the first ``length`` bytes of the key."""


class ForeignPBKDF2Hasher(_DerivedKeyHasher):
    """``foreign_pbkdf2$sha512$25000$salt$key`` (RFC 8018)"""

    algorithm = "foreign_pbkdf2"

    def _derive(self, password: bytes, salt: bytes, length: int, parameters: list[str]) -> bytes:
        digest, iterations = parameters
        return hashlib.pbkdf2_hmac(digest, password, salt, int(iterations), length)


class ForeignScryptHasher(_DerivedKeyHasher):
    """``foreign_scrypt$14$8$1$salt$key``, the first number being log2 of N (RFC 7914)"""

    algorithm = "foreign_scrypt"

    def _derive(self, password: bytes, salt: bytes, length: int, parameters: list[str]) -> bytes:
        exponent, blocks, lanes = map(int, parameters)
        return hashlib.scrypt(
            password,
            salt=salt,
            n=1 << exponent,
            r=blocks,
            p=lanes,
            dklen=length,
            maxmem=2 * MOST_MEMORY_KIB * 1024,
        )


def _is_bcrypt(password: bytes, encoded: str) -> bool:
    import bcrypt  # noqa: PLC0415 - for those deployments only that imported such hashes

    return bcrypt.checkpw(password, encoded.encode())
