"""
No control without a row, no row without code that upholds it and a prober that tries it.

A forgotten control shows in one of four places: a model that no row names, a route that changes
something by code that upholds nothing, a module that asks Redis and upholds nothing, or a row
that is not tried against a running deployment.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from resilience import contract
from tests.journeys import harms
from tests.journeys.probers import PROBERS
from tests.project.test_routes import api_routes
from tests.project.tree import PACKAGES, ROOT, import_everything, name_of, python_files

# Rows that tell operators something and decide about nobody.
DECIDING_NOTHING = {"resilience.Process", "resilience.CircuitTransition", "resilience.CircuitOrder"}
READING = {"get", "head", "options"}
# The ways to Redis that lie open to the layers above resilience.
WAYS_TO_REDIS = (
    "django.core.cache",
    "resilience.copies",
    "resilience.fallback",
    "resilience.ratelimit",
    "resilience.redis",
    "resilience.stores",
)


@pytest.fixture(autouse=True, scope="module")
def _everything_is_marked():
    import_everything()


def test_the_document_is_what_the_command_prints():
    printed = StringIO()
    call_command("degrade_modes", stdout=printed)
    assert (ROOT / "docs" / "degrade-modes.md").read_text() == printed.getvalue()


def test_every_control_that_code_upholds_has_a_row_and_every_row_is_upheld():
    assert set(contract.enforced()) == {control.name for control in contract.controls()}


def test_every_row_has_a_prober_and_every_state_of_redis_a_harm():
    assert set(PROBERS) == {control.name for control in contract.controls()}
    assert set(harms.HARMS) == set(contract.states("redis"))


def test_every_model_is_named_by_a_row_or_decides_nothing():
    named = {label for control in contract.controls() for label in control.rows}
    ours = {
        model._meta.label
        for model in apps.get_models(include_auto_created=False)
        if model.__module__.split(".")[0] in PACKAGES
    }
    assert named <= {model._meta.label for model in apps.get_models()}
    assert ours - named - DECIDING_NOTHING == set()


def upheld() -> list[Any]:
    return [code for places in contract.enforced().values() for code in places]


def called(act: Any) -> Iterator[Any]:
    """Yield what a method calls as ``module.function(...)``, as its module knows it."""
    names = vars(sys.modules[act.__module__])
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(act)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and inspect.ismodule(names.get(owner.id)):
                yield getattr(names[owner.id], node.func.attr)


def changing() -> Iterator[tuple[str, Any]]:
    """Yield the method of each route that does more than read."""
    for path, view in api_routes():
        for verb in set(view.cls.http_method_names) - READING:
            if hasattr(view.cls, verb):
                yield f"{verb.upper()} {path}", getattr(view.cls, verb)


def test_there_are_routes_that_change_something():
    assert len(list(changing())) > 10


def test_every_route_that_changes_something_does_it_by_code_that_upholds_a_control():
    marked = upheld()
    wrong = [name for name, act in changing() if not any(code in marked for code in called(act))]
    assert wrong == []


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_that_asks_redis_upholds_a_control():
    above = python_files(*(package for package in PACKAGES if package != "resilience"))
    asking = [
        path for path in above if set(imports(ast.parse(path.read_text()))) & set(WAYS_TO_REDIS)
    ]
    marked = {inspect.getsourcefile(inspect.unwrap(code)) for code in upheld()}
    assert asking
    assert [name_of(path) for path in asking if str(path) not in marked] == []
