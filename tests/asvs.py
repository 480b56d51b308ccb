"""
A test that carries a number of ASVS is a claim, and a skipped test claims nothing.

Where ``CI`` is set, a test marked with ``asvs`` that is skipped fails. Runs on SQLite leave some
tests out by design; they hold no requirement.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    is_judged = bool(os.environ.get("CI")) and not os.environ.get("PLINTO_TEST_DATABASE")
    marker = item.get_closest_marker("asvs")
    if marker is not None and report.skipped and is_judged:
        report.outcome = "failed"
        held = ", ".join(marker.args)
        report.longrepr = (
            f"Skipped, although it holds requirement {held} of ASVS: {report.longrepr}"
        )
    return report
