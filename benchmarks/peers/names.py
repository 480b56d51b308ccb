"""Who has an account at a peer."""

from __future__ import annotations

PASSWORD = "correct horse battery staple"


def username(number: int) -> str:
    return f"person{number}"


def email(number: int) -> str:
    return f"{username(number)}@example.com"
