"""Writing rows of one model in bulk: COPY on PostgreSQL, many at a time on SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from plinto.seeding.numbers import stamp

# Rows of one transaction: a load that is stopped leaves whole portions, and no lock is held long.
PORTION = 20_000
_PATIENCE_SECONDS = 3_600.0
# What is kept of a text before it is handed to the driver.
_CHUNK = 1_000

Value = str | bytes | None


class Shape:
    """
    Rows of one model that share all columns but ``varying``.

    What is neither varying nor given is as the model says it is by default.
    """

    def __init__(self, model: type[models.Model], *varying: str, **given: Any) -> None:
        fields = [field for field in model._meta.concrete_fields if not _is_counted(field)]
        rest = [field for field in fields if field.attname not in varying]
        unknown = set(varying) | set(given)
        unknown -= {field.attname for field in fields}
        if unknown:
            raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}.")
        self.table = model._meta.db_table
        columns = {field.attname: field.column for field in fields}
        self.names = [columns[name] for name in (*varying, *(field.attname for field in rest))]
        self.rest = tuple(
            _plain(given[field.attname] if field.attname in given else field.get_default())
            for field in rest
        )
        self._tail = "".join(f"\t{_escaped(value)}" for value in self.rest) + "\n"

    def line(self, values: Sequence[Value]) -> str:
        """One line of the text form of COPY."""
        return "\t".join(map(_escaped, values)) + self._tail


Row = tuple[Shape, Sequence[Value]]


def write(rows: Iterable[Row]) -> Iterator[int]:
    """Write rows of shapes of one table, a portion a transaction; yield how many each time."""
    rows = iter(rows)
    while portion := list(islice(rows, PORTION)):
        with unhurried():
            add(portion)
        yield len(portion)


def add(rows: Sequence[Row]) -> None:
    """Write rows of shapes of one table into the transaction that is open."""
    if not rows:
        return
    shape = rows[0][0]
    names = ", ".join(f'"{name}"' for name in shape.names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{shape.table}" ({names}) FROM STDIN') as copy:
                for begin in range(0, len(rows), _CHUNK):
                    some = rows[begin : begin + _CHUNK]
                    copy.write("".join([each.line(values) for each, values in some]))
            return
        places = ", ".join(["%s"] * len(shape.names))
        # Names of tables and columns, as the models say them.
        cursor.executemany(
            f'INSERT INTO "{shape.table}" ({names}) VALUES ({places})',  # noqa: S608
            [(*values, *each.rest) for each, values in rows],
        )


@contextmanager
def unhurried() -> Iterator[None]:
    """A transaction that may take longer than one of a request, and so may its end."""
    if connection.vendor != "postgresql":
        with transaction.atomic():
            yield
        return
    connection.ensure_connection()
    # Around the transaction: what was deferred is checked when it is committed.
    with connection.connection.impatient(seconds=_PATIENCE_SECONDS), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def _is_counted(field: Any) -> bool:
    return isinstance(field, models.AutoField)


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, datetime):
        return stamp(value)
    return value.hex if isinstance(value, UUID) else str(value)


def _escaped(value: Value) -> str:
    if isinstance(value, str):
        return value  # nothing that is made here holds a tab, a line end or a backslash
    return "\\N" if value is None else f"\\\\x{value.hex()}"
