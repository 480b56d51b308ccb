"""Figures as Markdown tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """Which figure a column shows, under which title and in which format."""

    figure: str
    title: str
    shape: str = "{}"

    def cell(self, row: Figures) -> str:
        value = row.get(self.figure)
        return "–" if value is None else self.shape.format(value)


def table(rows: list[Figures], *columns: Column) -> str:
    """Lay rows out in the order they come; what is missing is a dash."""
    lines = [
        [column.title for column in columns],
        ["---" if index == 0 else "---:" for index, _ in enumerate(columns)],
        *([column.cell(row) for column in columns] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
