"""Measurements of a run, shown below its results: ``figure`` notes one, from any worker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from _pytest.terminal import TerminalReporter

_NAME = "figure"


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Note one line of measurements; a report that crosses processes carries it along."""
    return lambda text: record_property(_NAME, text)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call"
    ]
    noted = [
        (report, [text for name, text in report.user_properties if name == _NAME])
        for report in reports
    ]
    if any(texts for _, texts in noted):
        terminalreporter.section("figures")
    for report, texts in noted:
        if texts:
            terminalreporter.write_line(report.nodeid)
        for text in texts:
            terminalreporter.write_line(f"    {text}")
