"""Twenty thousand rows of everything, made by the database from one row of each."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection, models

from audit.models import AuditRow, ChainHead
from plinto.seeding import tables
from resilience.leases import LeasedRow
from resilience.models import CircuitTransition
from tests.growth.copies import FEW, first_rows, hangs_on_one, is_once, is_ours
from webhooks.models import Endpoint

MANY = 20_000
# The trail and its chains are those of the load; groups are of staff; of moves of breakers there
# are as many as were lately, and every endpoint is asked what it waits for.
NOT_CROWDED = {AuditRow, ChainHead, Group, CircuitTransition, Endpoint}
_SPREAD = 500  # rows among which those that refer to a table are spread


def crowd_everything() -> None:
    """Add ``MANY`` rows to each table, spread over whatever they refer to; PostgreSQL only."""
    for model in apps.get_models():
        if model in NOT_CROWDED or model._meta.label_lower in FEW:
            continue
        if is_ours(model) and not hangs_on_one(model):
            for first in first_rows(model)[:1]:
                _crowd(first)
    with tables.unhurried(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _crowd(row: models.Model) -> None:
    """Rows like this one; a constraint that a number cannot make them keep leaves some out."""
    fields = [
        field for field in row._meta.concrete_fields if not isinstance(field, models.AutoField)
    ]
    columns, values, parameters = [], [], []
    for field in fields:
        value, given = _expression(row, field)
        columns.append(f'"{field.column}"')
        values.append(value)
        parameters += given
    table, names = row._meta.db_table, ", ".join(columns)
    parameters.append(row.pk)
    with tables.unhurried(), connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} FROM "{table}" AS it,'
            f' generate_series(1, {MANY}) AS g WHERE it."{row._meta.pk.column}" = %s'
            " ON CONFLICT DO NOTHING",
            parameters,
        )


def _expression(row: models.Model, field: Any) -> tuple[str, list[Any]]:
    column = f'it."{field.column}"'
    if isinstance(row, LeasedRow) and field.name in {"state", "settled_at"}:
        # What is due is little, however much was done.
        return ("'settled'", []) if field.name == "state" else ("now()", [])
    if field.is_relation:
        keys = list(field.related_model._base_manager.values_list("pk", flat=True)[:_SPREAD])
        if not keys or getattr(row, field.attname) is None:
            return column, []
        return f"(%s::{field.db_type(connection)}[])[1 + g %% {len(keys)}]", [keys]
    is_address = field.name in {"email", "email_key", "recipient"}
    if not (is_once(row, field) or is_address) or getattr(row, field.attname) is None:
        return column, []
    if isinstance(field, models.UUIDField):
        return "gen_random_uuid()", []
    if isinstance(field, models.BinaryField):
        return "sha256(g::text::bytea)", []
    if isinstance(field, models.IntegerField):
        return f"{column} + g", []
    return f"left(g || {column}, {field.max_length})", []
