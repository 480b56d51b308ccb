"""
Rows of models as parts of one statement, which writes all of them or none.

PostgreSQL runs several inserts as one statement, in one round trip and without a transaction of
the client's. What a row holds is said by its model, as when the ORM saves it.
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
