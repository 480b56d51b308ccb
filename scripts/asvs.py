"""
Write into docs/asvs.md which tests hold each requirement of OWASP ASVS.

The words of the document are written by hand, its lists of tests by this script:
``python -m scripts.asvs``. A test says what it holds by ``@pytest.mark.asvs("6.2.1")``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "asvs.md"
HEADING = re.compile(r"^### (\d+\.\d+\.\d+) · level ([123]) · ([a-z ]+)$")


def marks() -> dict[str, list[str]]:
    """Read for each number the tests that carry it, as ``accounts/test_login.py: test_…``."""
    found: dict[str, list[str]] = defaultdict(list)
    folder = ROOT / "tests"
    for path in sorted(folder.rglob("test_*.py")):
        for test in ast.parse(path.read_text()).body:
            if isinstance(test, ast.FunctionDef):
                for number in _numbers_of(test):
                    found[number].append(f"`{path.relative_to(folder)}`: `{test.name}`")
    return dict(found)


def _numbers_of(test: ast.FunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.asvs":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def states(text: str) -> dict[str, str]:
    """Read the state of each requirement in a document."""
    headings = map(HEADING.match, text.splitlines())
    return {heading[1]: heading[3] for heading in headings if heading}


def written(text: str, tests: dict[str, list[str]]) -> str:
    """Replace the lists of tests in a document, each at the end of its requirement."""
    lines: list[str] = []
    waiting: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            _close(lines, waiting)
        heading = HEADING.match(line)
        if heading:
            waiting = [f"* {test}" for test in tests.get(heading[1], [])]
        if not line.startswith("* `"):
            lines.append(line)
    _close(lines, waiting)
    return "\n".join(lines)


def _close(lines: list[str], waiting: list[str]) -> None:
    while lines and not lines[-1]:
        lines.pop()
    if waiting:
        lines += ["", *waiting]
        waiting.clear()
    if lines:
        lines.append("")


def main() -> None:
    DOCUMENT.write_text(written(DOCUMENT.read_text(), marks()))


if __name__ == "__main__":
    main()
