"""Looking for a text in all that the database holds."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection


def columns_with(*texts: str) -> set[str]:
    """Name the columns of all tables in which one of ``texts`` stands, in whatever case."""
    wanted = [text.lower() for text in texts]
    return {column for column, value in _values() if any(text in value.lower() for text in wanted)}


def _values() -> Iterator[tuple[str, str]]:
    """Yield every value of every row in the database, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    raw = bytes(value) if isinstance(value, memoryview) else value
                    text = raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)
                    yield f"{table}.{name}", text
