"""What somebody with full rights in the database can do to the trail, triggers or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'"


@contextmanager
def full_rights() -> Iterator[CursorWrapper]:
    """
    Lend a cursor that no trigger stops, within one transaction.

    On PostgreSQL a superuser's session does without them; on SQLite whoever may write the file
    takes them away and puts them back.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield cursor
            cursor.execute("SET LOCAL session_replication_role = origin")
            return
        triggers = cursor.execute(_TRIGGERS).fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield cursor
        for _, made in triggers:
            cursor.execute(made)
