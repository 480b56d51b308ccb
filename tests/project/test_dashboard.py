"""The dashboard has Grafana's shape, and every panel asks Prometheus for something that exists."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from tests.project.prometheus import exported, promtool, unknown
from tests.project.tree import ROOT

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "plinto.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
_COLUMNS = 24


def expressions() -> list[tuple[str, str]]:
    """List the queries of all panels, with Grafana's variables filled in."""
    return [
        (panel["title"], filled(target["expr"])) for panel in PANELS for target in panel["targets"]
    ]


def filled(expression: str) -> str:
    return re.sub(r"\$__rate_interval\b", "5m", expression).replace("$instance", ".*")


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    place = panel["gridPos"]
    return {
        (place["x"] + column, place["y"] + row)
        for column in range(place["w"])
        for row in range(place["h"])
    }


def test_the_dashboard_can_be_imported():
    assert DASHBOARD["id"] is None
    assert {"uid", "title", "schemaVersion", "templating", "time", "panels"} <= DASHBOARD.keys()
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\b", json.dumps(DASHBOARD)))
    assert used == variables


def test_every_panel_is_whole_and_has_an_id_of_its_own():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        assert {"title", "datasource", "fieldConfig", "options", "targets"} <= panel.keys()
        names = [target["refId"] for target in panel["targets"]]
        assert names == sorted(set(names)), panel["title"]


def test_no_panel_covers_another_or_leaves_the_grid():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        assert not cells(panel) & taken, panel["title"]
        assert max(column for column, _ in cells(panel)) < _COLUMNS
        taken |= cells(panel)
    rows = sorted({row for _, row in taken})
    assert all(later - earlier == 1 for earlier, later in pairwise(rows))


def test_prometheus_understands_every_query(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, (_, expression) in enumerate(expressions())
    ]
    # JSON is YAML too.
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", file)


@pytest.mark.parametrize(("title", "expression"), expressions())
def test_a_panel_asks_for_metrics_that_are_exported(title, expression):
    assert unknown(expression) == set(), title


def test_no_metric_is_left_out():
    text = " ".join(expression for _, expression in expressions())
    shown = set(re.findall(r"\bplinto_\w+", text))
    parts = {name for name in exported() if name.endswith(("_seconds_sum", "_seconds_count"))}
    assert exported() - parts - shown == set()
