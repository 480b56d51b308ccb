"""promtool, and which metrics an expression asks for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from resilience.measures import MEASURES, Kind

_METRIC = re.compile(r"\bplinto_\w+")


def promtool(*words: str | Path) -> None:
    """Run promtool; where there is none the test is skipped, but fails where ``CI`` is set."""
    program = shutil.which("promtool")
    if program is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("There is no promtool on this machine: apt-get install prometheus")
    answer = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def exported() -> set[str]:
    """Name every series as a query names it."""
    names = set()
    for measure in MEASURES:
        if measure.kind is Kind.HISTOGRAM:
            names |= {f"{measure.name}_{part}" for part in ("bucket", "count", "sum")}
        else:
            names.add(measure.exported_name)
    return names


def unknown(expression: str) -> set[str]:
    """Name the metrics of ``expression`` that Plinto does not export."""
    return set(_METRIC.findall(expression)) - exported()
