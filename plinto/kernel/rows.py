"""
Rows of models as parts of one statement, which writes all of them or none.

PostgreSQL runs several inserts as one statement, in one round trip and without a transaction of
the client's. What a row holds is said by its model, as when the ORM saves it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

# A statement, or a part of one, and its parameters.
Sql = tuple[str, list[Any]]


def insertion(row: Model, *, given: str = "") -> Sql:
    """
    Return the ``INSERT`` of a new row whose every column has a value.

    ``given`` names what is selected from, such as another part of the statement: no row there,
    none here.
    """
    head, fields = _shape(type(row), given)
    return head, [
        field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields
    ]


@lru_cache(maxsize=64)
def _shape(model: type[Model], given: str) -> tuple[str, list[Field[Any, Any]]]:
    fields = list(model._meta.concrete_fields)
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(field.column) for field in fields)
    marks = ", ".join("%s" for _ in fields)
    source = f" FROM {quoted(given)}" if given else ""
    return f"INSERT INTO {quoted(model._meta.db_table)} ({columns}) SELECT {marks}{source}", fields
