"""Loads of people who never were, small enough for a test."""

from __future__ import annotations

import io
from typing import Any

from django.core.management import call_command

PASSWORD = "a load of people has one password"


def load(*, people: int, sessions: int | None = None, trail: int = 10, **options: Any) -> None:
    """Run ``manage.py seed_load``; a session for each unless told how many."""
    call_command(
        "seed_load",
        people=people,
        sessions=sessions or people,
        trail=trail,
        password=PASSWORD,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        **options,
    )
