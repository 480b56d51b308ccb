"""A filtered list as CSV (RFC 4180), of any length, with cells that no spreadsheet runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import label_for_field, lookup_field
from django.db.models import Model, QuerySet
from django.utils.html import strip_tags

from plinto.kernel import spreadsheets

# Each portion is a query of its own by key, so the last costs what the first does, and no
# transaction stays open while somebody downloads slowly.
_PORTION = 500


def lines(
    rows: QuerySet[Any],
    columns: Sequence[str],
    admin: ModelAdmin[Any],
    *,
    prepared: Callable[[Iterable[Any]], list[Any]] = list,
) -> Iterator[str]:
    """
    Yield the header and then a line for each row, the newest first.

    ``prepared`` adds to a portion of rows, at once, what their columns tell besides.
    """
    yield spreadsheets.line(_heading(column, admin) for column in columns)
    newest = rows.order_by("-pk")
    portion = list(newest[:_PORTION])
    while portion:
        for row in prepared(portion):
            yield spreadsheets.line(_cell(column, row, admin) for column in columns)
        portion = list(newest.filter(pk__lt=portion[-1].pk)[:_PORTION])


def _heading(column: str, admin: ModelAdmin[Any]) -> str:
    return str(label_for_field(column, admin.model, admin))


def _cell(column: str, row: Model, admin: ModelAdmin[Any]) -> str:
    _, _, value = lookup_field(column, row, admin)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return spreadsheets.inert(strip_tags(value) if hasattr(value, "__html__") else str(value))
