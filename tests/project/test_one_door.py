"""Sessions begin in one module, so that whatever guards them there guards every way in."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.project.tree import PACKAGES, name_of, python_files

DOOR = "accounts/services/sessions.py"
WRITING = {"create", "bulk_create", "get_or_create", "update_or_create"}


def makes(name: str, path: Path) -> bool:
    """Tell whether a module makes rows of a model: ``Session(...)``, ``Session.objects.create``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == name or any(called.endswith(f"{name}.objects.{verb}") for verb in WRITING):
            return True
    return False


@pytest.mark.asvs("6.3.4")
def test_no_other_module_opens_a_session():
    makers = [path for path in python_files(*PACKAGES) if makes("Session", path)]
    assert [name_of(path) for path in makers] == [DOOR]


def test_no_other_module_proves_a_second_factor():
    makers = [path for path in python_files(*PACKAGES) if makes("Proved", path)]
    assert [name_of(path) for path in makers] == ["accounts/services/factor_codes.py"]
