"""Lines of CSV (RFC 4180) whose cells no spreadsheet runs."""

from __future__ import annotations

import csv
from collections.abc import Iterable

# A spreadsheet takes a cell that begins so for a formula, or asks its reader to (OWASP, "CSV
# Injection"); the full-width forms are folded by some.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Line:
    """What ``csv`` writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def line(cells: Iterable[str]) -> str:
    """Write one line, every cell quoted; what people wrote must be made ``inert`` before."""
    written: str = csv.writer(_Line(), quoting=csv.QUOTE_ALL).writerow(list(cells))
    return written


def inert(text: str) -> str:
    """Return the text of a cell such that a spreadsheet shows it and does nothing else."""
    begins_a_formula = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if begins_a_formula else text
