"""Bars of CPU time per request, as SVG that any browser shows."""

from __future__ import annotations

from html import escape

from benchmarks.contenders import KEY
from benchmarks.table import Figures

_WIDTH, _LABEL, _BAR, _GAP, _HEAD = 760, 290, 18, 6, 34
_OURS, _OTHERS, _INK = "#0b6e4f", "#9aa5b1", "#1f2933"
_GROUPS = {
    "me": "GET the signed-in person, CPU µs per request",
    "refresh": "refresh, CPU µs per request",
    "login": "login, CPU µs per request, argon2id included",
    "register": "register, CPU µs per request, argon2id included",
}


def plotted(cells: list[Figures]) -> str:
    """Draw each workload that several took part in, the cheapest first."""
    parts: list[str] = []
    height = 8
    for workload, title in _GROUPS.items():
        rows = _rows(cells, workload)
        if rows:
            parts.append(_text(8, height + 20, title, weight="bold"))
            height += _HEAD
            most = max(row["cpu"] for row in rows) or 1
            for row in rows:
                parts.append(_bar(row, height, most))
                height += _BAR + _GAP
            height += 14
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12">'
        "<title>CPU time per request of all server processes</title>"
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _rows(cells: list[Figures], workload: str) -> list[Figures]:
    """Pick those with the fewest connections that all had, and the bare hash beside them."""
    shown = {workload, "hash"} if workload in {"login", "register"} else {workload}
    rows = [
        row
        for row in cells
        if row["workload"] in shown
        and row["connections"] in {2, 16, 64}
        and "tokens" not in row["variant"]
    ]
    mine = [row for row in rows if row["workload"] == workload]
    return sorted(rows, key=lambda row: float(row["cpu"])) if mine else []


def _bar(row: Figures, top: int, most: float) -> str:
    name = ", ".join(part for part in (row["contender"], row["variant"]) if part)
    length = max(1.0, row["cpu"] / most * (_WIDTH - _LABEL - 90))
    colour = _OURS if row["contender"] == KEY else _OTHERS
    bar = f'<rect x="{_LABEL}" y="{top}" width="{length:.1f}" height="{_BAR}" fill="{colour}"/>'
    middle = top + _BAR - 5
    return (
        _text(_LABEL - 8, middle, name, anchor="end")
        + bar
        + _text(_LABEL + int(length) + 6, middle, f"{row['cpu']:,.0f}")
    )


def _text(x: int, y: int, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{_INK}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )
