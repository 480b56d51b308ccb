"""docs/settings.md and the variables that the code reads are the same list."""

from __future__ import annotations

import re

from plinto import settings
from plinto.serving import options
from tests.project.tree import ROOT

_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \|", re.MULTILINE)


def names_in_code() -> set[str]:
    return {*settings.ENVIRONMENT.names, *options.ENVIRONMENT.names}


def names_in_document() -> list[str]:
    return _ROW.findall((ROOT / "docs" / "settings.md").read_text())


def test_every_variable_is_documented_and_every_documented_one_is_read():
    assert set(names_in_document()) == names_in_code()


def test_no_variable_is_documented_twice():
    assert len(names_in_document()) == len(set(names_in_document()))


def test_no_variable_is_read_around_the_typed_environment():
    reads = re.compile(r"os\.(?:environ\b(?!\))|getenv)")
    allowed = {
        "plinto/wsgi.py",  # names the settings module for Django
        "resilience/metrics.py",  # names the directory for prometheus_client
    }
    files = [
        path
        for folder in ("plinto", "resilience", "audit", "accounts")
        for path in (ROOT / folder).rglob("*.py")
    ]
    found = {str(path.relative_to(ROOT)) for path in files if reads.search(path.read_text())}
    assert found - allowed == set()
