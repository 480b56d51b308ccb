"""What an operator reads at the private address of a deployment."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.journeys.clients import Answer, Caller
from tests.journeys.world import World


class Monitoring:
    """Scrapes a deployment at its private address."""

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self.port = port

    def ask(self, path: str, **headers: str) -> Answer:
        return Caller(self.port, is_kept=False).send("GET", path, headers=headers)

    def figures(self) -> dict[tuple[str, ...], float]:
        """Return each series by its name and its labels' values, in the order of their names."""
        answer = self.ask("/metrics")
        assert answer.status == 200, answer.content
        return {
            (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    def count(self, *series: str) -> float:
        return self.figures().get(series, 0.0)

    def processes(self, kind: str) -> float:
        return self.count("plinto_local_processes", kind)
