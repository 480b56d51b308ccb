"""docs/metrics.md, the list in the code and what a scrape answers are the same metrics."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from resilience import breakers
from resilience.measures import MEASURES, Kind
from tests.project.tree import ROOT

_ROW = re.compile(r"^\| `(plinto_\w+)` \| (\w+) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
# What a process of the tests has nothing to say about.
_LATER = {
    "plinto_breaker_transitions",
    "plinto_process_last_seen_seconds",
    "plinto_local_processes",  # the process of the tests is neither web nor worker
}


def in_document() -> list[tuple[str, str, tuple[str, ...], str]]:
    rows = _ROW.findall((ROOT / "docs" / "metrics.md").read_text())
    return [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), meaning)
        for name, kind, labels, meaning in rows
    ]


def in_code() -> list[tuple[str, str, tuple[str, ...], str]]:
    return [
        (
            measure.exported_name,
            "gauge" if measure.kind.is_gauge else measure.kind.value,
            measure.labels,
            measure.meaning,
        )
        for measure in MEASURES
    ]


def test_every_metric_is_documented_with_its_type_labels_and_meaning_and_no_other_is():
    assert in_document() == in_code()


def test_no_metric_has_two_entries():
    names = [measure.name for measure in MEASURES]
    assert len(names) == len(set(names))


@pytest.mark.django_db(transaction=True)
def test_a_scrape_answers_what_is_listed_and_nothing_else(api, settings):
    settings.HEALTH_TOKEN = "token"
    breakers.get("test-listed")  # without Redis and mail there may be none
    for _ in range(2):  # the first scrape is counted by the second
        text = api.get("/metrics", token="token").content.decode()
    breakers.forget("test-listed")
    found = {family.name: family for family in text_string_to_metric_families(text)}
    listed = {measure.name: measure for measure in MEASURES}
    assert found.keys() - listed.keys() == set()
    assert listed.keys() - found.keys() <= _LATER
    for name, family in found.items():
        for sample in family.samples:
            extra = {"le"} if listed[name].kind is Kind.HISTOGRAM else set()
            assert sample.labels.keys() - extra == set(listed[name].labels), name
