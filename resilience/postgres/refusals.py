"""
What the errors of PostgreSQL say: in SQLSTATE where there is one, else in the words of libpq.

A connection that fails has no SQLSTATE in psycopg, only the text. A text in another language is
taken for a server that is gone, which is the careful reading.
"""

from __future__ import annotations

# Fragments of what libpq and the server write, and one word each for operators.
_WORDS = (
    ("too many c", "crowded"),  # clients, or connections for a role or database
    ("connection slots are reserved", "crowded"),
    ("refused", "refused"),
    ("timeout expired", "timeout"),
    ("starting up", "starting"),
    ("shutting down", "stopping"),
    ("recovery", "recovering"),
    ("read-only", "readonly"),
    ("authentication failed", "denied"),
    ("pg_hba.conf", "denied"),
    ("does not exist", "denied"),
)


def reason_of(error: BaseException) -> str:
    """Name a failed connection in one word, without hosts or names."""
    text = str(error)
    return next((word for fragment, word in _WORDS if fragment in text), "unreachable")


def is_crowded(error: BaseException) -> bool:
    """Tell whether the server is well and has no connection to spare."""
    return reason_of(error) == "crowded"
