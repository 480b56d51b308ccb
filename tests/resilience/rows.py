"""Rows as other processes would have written them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from resilience.models import CircuitTransition, Process
from resilience.overview import GONE_AFTER

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GONE = GONE_AFTER + timedelta(seconds=1)


def circuit(name: str = "redis:default", state: str = "closed", **figures: Any) -> dict[str, Any]:
    since = (NOW - timedelta(minutes=5)).isoformat()
    return {"name": name, "state": state, "since": since, **figures}


def process(
    *circuits: dict[str, Any],
    seen: timedelta = timedelta(),
    now: datetime = NOW,
    pid: int = 100,
    kind: str = "web",
    **columns: Any,
) -> Process:
    """Write the row of a process that was last seen ``seen`` ago."""
    figures = {"circuits": list(circuits), **columns.pop("figures", {})}
    started_at = now - timedelta(hours=1)
    return Process.objects.create(
        kind=kind,
        host="node-1",
        pid=pid,
        started_at=started_at,
        seen_at=now - seen,
        figures=figures,
        **columns,
    )


def transition(
    before: str = "closed", after: str = "open", *, ago: timedelta = timedelta(minutes=1)
) -> CircuitTransition:
    return CircuitTransition.objects.create(
        process_id="01930f6e-8d2b-7c31-9a54-4f0c8e6b7a10",
        process_label="web node-1:100",
        breaker="redis:default",
        before=before,
        after=after,
        generation=1,
        occurred_at=NOW - ago,
    )
