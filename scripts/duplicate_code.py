"""Measure duplicate code and fail when a part of the repository holds too much of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("plinto", "resilience", "audit", "accounts", "sso", "webhooks", "scripts", "deploy")
TESTS = ("tests",)
# Four equal lines are the least that symilar calls a duplicate by default.
LEAST_LINES = 4
MOST_PERCENT = 3.0


def files_of(folders: tuple[str, ...]) -> list[Path]:
    """List the Python files below ``folders``, without generated migrations."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def report_on(files: list[Path]) -> str:
    """Let symilar compare ``files`` and return its report."""
    options = ["--ignore-comments", "--ignore-docstrings", "--ignore-imports"]
    return subprocess.run(
        [
            *(sys.executable, "-m", "pylint.checkers.symilar"),
            *("--duplicates", str(LEAST_LINES), *options, *map(str, files)),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout


def percent_in(report: str) -> float:
    """
    Read the share of duplicate lines.

    :raises ValueError: the report has no total, so nothing was measured
    """
    total = re.search(r"^TOTAL lines=\d+ duplicates=\d+ percent=([\d.]+)$", report, re.MULTILINE)
    if total is None:
        raise ValueError("symilar printed no total.")
    return float(total[1])


def main() -> int:
    is_fine = True
    for name, folders in (("product", PRODUCT), ("tests", TESTS)):
        report = report_on(files_of(folders))
        percent = percent_in(report)
        print(f"Duplicate code, {name}: {percent:.2f} % (at most {MOST_PERCENT:g} %)")
        if percent > MOST_PERCENT:
            is_fine = False
            print(report)
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
