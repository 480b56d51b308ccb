"""Where it counts, no requirement is held by a test that did not run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SKIPPED = """
import pytest

@pytest.mark.asvs("6.2.1")
def test_of_a_requirement():
    pytest.skip("no browser here")

def test_of_none():
    pytest.skip("no browser here")
"""


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [
        ({"CI": "true"}, "1 failed, 1 skipped"),
        ({}, "2 skipped"),
        ({"CI": "true", "PLINTO_TEST_DATABASE": "sqlite"}, "2 skipped"),
    ],
)
def test_a_skipped_test_of_a_requirement_fails_where_ci_is_set(root, tmp_path, variables, outcome):
    (tmp_path / "test_it.py").write_text(SKIPPED)
    options = ["-p", "tests.asvs", "-p", "no:cacheprovider", "-c", os.devnull]

    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-W", "ignore", str(tmp_path)],
        env={"PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome in answer.stdout
