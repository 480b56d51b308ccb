"""
Statements that the server plans once for each connection.

Django writes values into the text of a statement, so PostgreSQL parses and plans it anew each
time: more than half of what a statement of one row costs it. Here values travel beside the text.
Use it for a few fixed texts that run all the time: each connection has the server keep what it has
run as often as ``prepare_threshold`` says.
"""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import Any

from django import db
from django.conf import settings
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from django.db.backends.utils import CursorWrapper
from psycopg import adapters
from psycopg.adapt import AdaptersMap
from psycopg.postgres import types
from psycopg.pq import Format


@cache
def _adapters() -> AdaptersMap:
    """
    Return how values are written and read: as Django has it, but times by the driver's own loader.

    Django sets the zone of each by itself, in Python. Connections are in UTC, and so the driver
    reads them already.
    """
    own = adapters.get_loader(types["timestamptz"].oid, Format.TEXT)
    made = AdaptersMap(get_adapters_template(settings.USE_TZ, UTC))
    if own is not None:
        made.register_loader("timestamptz", own)
    return made


class _Cursor(ServerBindingCursor):
    @property
    def adapters(self) -> AdaptersMap:
        return _adapters()

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
