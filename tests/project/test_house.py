"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.project.tree import CODE_FOLDERS, ROOT, documents, name_of, python_files

MOST_LINES = 300
# Put together here, so that this file does not break its own rule.
UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
DOUBLES = re.compile("|".join(["unittest" + r"\.mock", "Magic" + "Mock", "monkeypatch" + r"\.set"]))
MACHINE_PATHS = re.compile(r"(?<![\w/.])/(?:" + "|".join(["work", "root", "home"]) + r")/\w")
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
# Django looks for a database engine under this name.
PRESCRIBED_NAMES = {"resilience/postgres/base.py"}
# Django finds models and admin classes by importing these packages.
GATHERING_PACKAGES = {"models", "admin"}


def matching(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_is_longer_than_a_subject():
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in python_files()}
    assert {name: count for name, count in lengths.items() if count > MOST_LINES} == {}


def test_nothing_is_marked_as_unfinished():
    assert matching(UNFINISHED, [*python_files(), *documents(), ROOT / "Makefile"]) == []


def test_no_test_doubles_stand_in_for_the_code():
    assert matching(DOUBLES, python_files()) == []


def test_no_file_knows_the_machine_it_was_written_on():
    assert matching(MACHINE_PATHS, [*python_files(), *documents(), ROOT / "Makefile"]) == []


def test_no_module_has_a_name_without_a_subject():
    parts = {name_of(path): {*path.parts, path.stem} for path in python_files()}
    empty = {name for name, words in parts.items() if words & EMPTY_NAMES}
    assert empty == PRESCRIBED_NAMES


@pytest.mark.parametrize("folder", CODE_FOLDERS)
def test_packages_explain_themselves_and_hold_nothing_else(folder):
    for path in (ROOT / folder).rglob("__init__.py"):
        if path.parent.name in GATHERING_PACKAGES or "migrations" in path.parts:
            continue
        body = ast.parse(path.read_text()).body
        others = [node for node in body if not isinstance(node, ast.Expr)]
        assert not others, name_of(path)


def test_every_module_opens_by_saying_what_it_is():
    silent = [
        name_of(path)
        for path in python_files()
        if not path.name.startswith("test_")
        and path.read_text().strip()
        and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []
