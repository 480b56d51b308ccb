"""Rows that processes would have written about themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from resilience.models import CircuitTransition, Process


def a_circuit(name: str = "redis:default", **fields: Any) -> dict[str, Any]:
    """One entry of ``figures["circuits"]``; the names are those of ``CircuitView``."""
    counts = ("failure_count", "total_calls", "successful_calls", "failed_calls")
    counts += ("rejected_calls", "slow_calls", "opened_count")
    return {
        "name": name,
        "state": "closed",
        "reason": "",
        "since": (timezone.now() - timedelta(minutes=5)).isoformat(),
        "is_forced": False,
        "generation": 1,
        "next_probe_in": None,
        "last_failure_time": None,
        **dict.fromkeys(counts, 0),
        **fields,
    }


def a_process(
    number: int = 1, *circuits: dict[str, Any], seen: datetime | None = None, **columns: Any
) -> Process:
    """A process seen just now, with both breakers of Redis closed unless others are given."""
    now = timezone.now()
    figures = {
        "circuits": list(circuits or (a_circuit(), a_circuit("redis:default:writes"))),
        "cache": {"copy_hits": 3, "copy_misses": 1, "fallback_size": 7, "unsettled": 2},
        "pool": {"size": 4, "available": 1, "waiting": 0, "max": 6},
    }
    given = {"kind": "web", "host": "host", "pid": number, "started_at": now, "figures": figures}
    return Process.objects.create(**{**given, "seen_at": seen or now, **columns})


def a_move(process: Process, **columns: Any) -> CircuitTransition:
    given = {
        "process_id": process.pk,
        "process_label": str(process),
        "breaker": "redis:default",
        "before": "closed",
        "after": "open",
        "generation": 2,
        "occurred_at": timezone.now() - timedelta(minutes=1),
    }
    return CircuitTransition.objects.create(**{**given, **columns})
