"""
Statements that the server plans once for each connection.

Django writes values into the text of a statement, so PostgreSQL parses and plans it anew each
time: more than half of what a statement of one row costs it. Here values travel beside the text.
Use it for a few fixed texts that run all the time: each connection has the server keep what it has
run as often as ``prepare_threshold`` says.
"""

from __future__ import annotations

from typing import Any

from django import db
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper


class _Cursor(ServerBindingCursor):
    def _convert_query(self, query: Any, params: Any = None) -> Any:
        # What the server has kept is sent without its text, which Django would show.
        self._query = super()._convert_query(query, params)  # type: ignore[misc]
        return self._query


def cursor(alias: str = db.DEFAULT_DB_ALIAS) -> CursorWrapper:
    """
    Open a cursor as ``connection.cursor()`` does, for statements with ``%s`` or ``%(name)s``.

    The type of a value that stands alone in a SELECT has to be said: ``%s::text``. ``SELECT *`` is
    not for it: a migration that adds a column would change what was planned. Another database
    plans as ever.

    :raises django.db.Error: no connection can be had
    """
    connection = db.connections[alias]
    if connection.vendor != "postgresql":
        return connection.cursor()
    with connection.wrap_database_errors:
        connection.ensure_connection()
        # Both are what the stubs of Django know only for its own cursor.
        made: CursorWrapper = connection._prepare_cursor(  # type: ignore[attr-defined]
            _Cursor(connection.connection)  # type: ignore[call-arg]
        )
    return made
