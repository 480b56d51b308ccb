"""
Rows of models in statements of our own: what a row holds is said by its model, as with the ORM.

``insertion`` and ``insert`` make them parts of one statement, which writes all of them or none;
``first`` reads one where the ORM would take longer to say what it wants than the database to find
it.

PostgreSQL runs several inserts as one statement, in one round trip and without a transaction of
the client's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Field, JSONField, Model
from django.db.models.fields import NOT_PROVIDED

from plinto.kernel import prepared

# The driver writes these as any field would have them written.
_AS_THEY_ARE = {bool, bytes, datetime, int, str, UUID}
# A statement, or a part of one, and its parameters.
Sql = tuple[str, list[Any]]


def insertion(row: Model, *, given: str = "") -> Sql:
    """
    Return the ``INSERT`` of a new row whose every column has a value or is to be empty.

    ``given`` names what is selected from, such as another part of the statement: no row there,
    none here.
    """
    named, values = [], []
    for field, may_be_left_out in _fields(type(row)):
        value = getattr(row, field.attname)
        # psycopg keeps how a statement is taken apart only up to fifty parameters.
        if value is None and may_be_left_out:
            continue
        if type(value) not in _AS_THEY_ARE or isinstance(field, JSONField):
            value = field.get_db_prep_save(value, connection)
        named.append(field.attname)
        values.append(value)
    return _head(type(row), tuple(named), given), values


def insert(rows: Sequence[Model]) -> None:
    """
    Insert new rows of one or several models: all of them or none.

    In one statement where the database can; in the caller's transaction if there is one.
    """
    if connection.vendor != "postgresql":
        with transaction.atomic():
            for row in rows:
                row.save(force_insert=True)
        return
    parts = [insertion(row) for row in rows]
    *before, last = [text for text, _ in parts]
    named = ", ".join(f"part_{number} AS ({text})" for number, text in enumerate(before))
    statement = f"WITH {named} {last}" if named else last
    with prepared.cursor() as cursor:
        cursor.execute(statement, [value for _, values in parts for value in values])
    for row in rows:
        row._state.adding = False


def first(
    statement: str, values: Sequence[Any], *, shown: tuple[Field[Any, Any], ...]
) -> tuple[Any, ...] | None:
    """
    Return the first row of a statement, in which ``{shown}`` are the columns of fields.

    They come first; what the statement shows besides is as the driver reads it.
    """
    with prepared.cursor() as cursor:
        cursor.execute(_showing(statement, shown), [_given(value) for value in values])
        found = cursor.fetchone()
    if found is None:
        return None
    row = list(found)
    for place, field, convert in _conversions(connection.vendor, shown):
        row[place] = convert(row[place], field, connection)
    return tuple(row)


@lru_cache(maxsize=64)
def _showing(statement: str, shown: tuple[Field[Any, Any], ...]) -> str:
    quoted = connection.ops.quote_name
    names = [(field.model._meta.db_table, field.column or "") for field in shown]
    columns = ", ".join(f"{quoted(table)}.{quoted(column)}" for table, column in names)
    return statement.format(shown=columns)


def _given(value: Any) -> Any:
    """Return a value as the database takes it."""
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


@lru_cache(maxsize=64)
def _conversions(_vendor: str, shown: tuple[Field[Any, Any], ...]) -> list[tuple[int, Any, Any]]:
    """Return what Django does to the columns of these fields after it has read them."""
    columns = [field.get_col(field.model._meta.db_table) for field in shown]
    return [
        (place, column, convert)
        for place, column in enumerate(columns)
        for convert in (
            *connection.ops.get_db_converters(column),
            *column.get_db_converters(connection),
        )
    ]


@lru_cache(maxsize=64)
def _fields(model: type[Model]) -> list[tuple[Field[Any, Any], bool]]:
    """Return the columns of a model, and of each whether none is what it holds unless told."""
    return [
        (field, field.null and field.db_default is NOT_PROVIDED)
        for field in model._meta.concrete_fields
    ]


@lru_cache(maxsize=256)
def _head(model: type[Model], named: tuple[str, ...], given: str) -> str:
    quoted = connection.ops.quote_name
    fields = {field.attname: field for field, _ in _fields(model)}
    columns = ", ".join(quoted(fields[name].column or "") for name in named)
    marks = ", ".join("%s" for _ in named)
    source = f" FROM {quoted(given)}" if given else ""
    return f"INSERT INTO {quoted(model._meta.db_table)} ({columns}) SELECT {marks}{source}"
