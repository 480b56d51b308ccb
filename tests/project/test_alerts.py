"""The alert rules are valid, proved by promtool's own tests, and ask for metrics that exist."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.project.prometheus import promtool, unknown
from tests.project.tree import ROOT

FOLDER = ROOT / "deploy" / "prometheus"


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_prometheus_accepts_the_rules_and_the_example_that_loads_them():
    promtool("check", "rules", FOLDER / "rules.yml")
    promtool("check", "config", FOLDER / "prometheus.yml")


def test_every_alert_fires_when_it_should_and_not_when_it_should_not():
    promtool("test", "rules", FOLDER / "rules_test.yml")


def test_every_alert_has_a_test_of_its_own():
    tests = (FOLDER / "rules_test.yml").read_text()
    assert [rule["alert"] for rule in rules() if rule["alert"] not in tests] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(rule):
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "action"}
    assert rule["for"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_that_are_exported(rule):
    assert unknown(rule["expr"]) == set()
