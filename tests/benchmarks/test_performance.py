"""The smallest part of ``make bench`` runs, and the page in docs was made from its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.plot import plotted
from benchmarks.report import page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.journey
def test_the_smallest_run_writes_figures_page_and_plot(tmp_path):
    chosen = {"ONLY": "me", "PEERS": "none", "ROUNDS": "1", "SECONDS": "1", "TOKENS": "64"}
    environment = {f"BENCH_{name}": value for name, value in chosen.items()}

    subprocess.run(
        [sys.executable, "-m", "benchmarks.performance"],
        cwd=ROOT,
        env={**os.environ, **environment, "BENCH_DIRECTORY": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=480,
        check=True,
    )

    measured = json.loads((tmp_path / "performance.json").read_text())
    assert {row["connections"] for row in measured["cells"]} == {1, 64, 1_000}
    for row in measured["cells"]:
        assert row["contender"] == "Plinto"
        assert row["cpu"] > 0
        assert row["answered"] > 0
        assert (row["errors"], row["unexpected"]) == (0, 0)
    assert (tmp_path / "performance.md").read_text() == page(measured)
    assert ElementTree.parse(tmp_path / "images" / "performance.svg").getroot() is not None


def test_the_page_was_made_from_the_figures_beside_it():
    measured = json.loads((DOCS / "performance.json").read_text())

    assert (DOCS / "performance.md").read_text() == page(measured)
    assert (DOCS / "images" / "performance.svg").read_text() == plotted(measured["cells"])
