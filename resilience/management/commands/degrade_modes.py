"""``manage.py degrade_modes``: the degrade contract as docs/degrade-modes.md shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from resilience import contract
from resilience.contract import Cell, Control

_OPENING = """\
# What holds while something is gone

Written by `manage.py degrade_modes`; a test compares it with the code. Each row is a control, and
every cell says what becomes of it while one dependency is in one state. Controls that ask Redis
for nothing say the same for all of its states, and each row is tried against a running deployment
with its Redis killed and with its Redis stalled.

| mode | means |
|---|---|
| enforce | unchanged |
| stricter | held by less knowledge, so some are refused or sent a longer way who would not be |
| read_only | what is known is still answered, and nothing can be changed |
| refuse | 503 or 429, with `Retry-After` |
"""


class Command(BaseCommand):
    help = "Print what every control guarantees while a dependency is gone, as Markdown."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write("\n".join(_page()))


def _page() -> Iterator[str]:
    rows = contract.controls()
    yield _OPENING
    for dependency in contract.DEPENDENCIES:
        yield from _table(dependency, rows)
    for row in rows:
        yield from _section(row)


def _table(dependency: str, rows: list[Control]) -> Iterator[str]:
    states = contract.states(dependency)
    yield f"## {dependency.capitalize()}\n"
    yield f"| control | {' | '.join(map(_spoken, states))} |"
    yield "|---" * (len(states) + 1) + "|"
    for row in rows:
        modes = [row.cell(dependency, state).mode.value for state in states]
        yield f"| [{row.name}](#{row.name.replace(' ', '-')}) | {' | '.join(modes)} |"
    yield ""


def _section(row: Control) -> Iterator[str]:
    yield f"## {row.name.capitalize()}\n"
    rows = f" ({', '.join(f'`{name}`' for name in row.rows)})" if row.rows else ""
    yield f"Decided by {row.truth}{rows}.\n"
    for dependency in contract.DEPENDENCIES:
        for cell, states in _grouped(row, dependency).items():
            spoken = ", ".join(map(_spoken, states))
            yield f"* {dependency} {spoken}: *{cell.mode.value}*. {cell.guarantee}"
    yield ""


def _grouped(row: Control, dependency: str) -> dict[Cell, list[str]]:
    """Put states that share a cell together."""
    groups: dict[Cell, list[str]] = {}
    for state in contract.states(dependency):
        groups.setdefault(row.cell(dependency, state), []).append(state)
    return groups


def _spoken(state: str) -> str:
    return state.replace("_", "-")
