"""A filtered list as CSV (RFC 4180), of any length, with cells that no spreadsheet runs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import label_for_field, lookup_field
from django.db.models import Model, QuerySet
from django.utils.html import strip_tags

# Each portion is a query of its own by key, so the last costs what the first does, and no
# transaction stays open while somebody downloads slowly.
_PORTION = 500
# A spreadsheet takes a cell that begins so for a formula, or asks its reader to (OWASP, "CSV
# Injection"); the full-width forms are folded by some.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Line:
    """What ``csv`` writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def lines(rows: QuerySet[Any], columns: Sequence[str], admin: ModelAdmin[Any]) -> Iterator[str]:
    """Yield the header and then a line for each row, the newest first."""
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    yield writer.writerow([_heading(column, admin) for column in columns])
    newest = rows.order_by("-pk")
    portion = list(newest[:_PORTION])
    while portion:
        for row in portion:
            yield writer.writerow([_cell(column, row, admin) for column in columns])
        portion = list(newest.filter(pk__lt=portion[-1].pk)[:_PORTION])


def inert(text: str) -> str:
    """Return the text of a cell such that a spreadsheet shows it and does nothing else."""
    begins_a_formula = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if begins_a_formula else text


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
    return inert(strip_tags(value) if hasattr(value, "__html__") else str(value))
