"""Argon2id as Plinto uses it: 19 MiB, two passes, one lane."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class SameAsPlinto(Argon2PasswordHasher):
    """Django's hasher with the parameters of ``accounts.hashers``."""

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1
