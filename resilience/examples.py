"""The pages of operations as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

from plinto.kernel.examples import Operation, Several, Subject
from plinto.kernel.exceptions import AuthenticationError

SECURITY_SCHEMES = {
    "health_token": {
        "type": "http",
        "scheme": "bearer",
        "description": "`HEALTH_TOKEN` of the deployment, for monitoring.",
    }
}
_OPTIONAL: list[dict[str, list[str]]] = [{}, {"health_token": []}]
_SINCE = "2026-02-03T09:15:00Z"
_CIRCUIT = {
    "state": "closed",
    "write_degraded": False,
    "failure_count": 0,
    "total_calls": 4182,
    "successful_calls": 4180,
    "failed_calls": 2,
    "rejected_calls": 0,
    "slow_calls": 1,
    "opened_count": 0,
    "last_failure_time": _SINCE,
    "next_probe_in": None,
    "generation": 0,
    "fallback_calls": 2,
    "fallback_hits": 1,
    "fallback_misses": 1,
    "fallback_size": 0,
    "unsettled": 0,
    "hits": 3901,
    "misses": 279,
    "hit_ratio": 0.93,
}
_POOL = {
    "size": 4,
    "available": 3,
    "waiting": 0,
    "max": 6,
    "wait_p95_ms": 0.4,
    "errors": 0,
}
_WORKER = {
    "id": "01a2064a-1d0f-7e22-9b56-4c8d7a3f6e90",
    "kind": "web",
    "pid": 4711,
    "started_at": "2026-02-01T06:00:00Z",
    "seen_at": _SINCE,
}
_DEGRADED = {
    "what": "redis",
    "since": _SINCE,
    "guarantees": "Sessions are checked against the database; limits are stricter.",
}


def _page(summary: str, answer: Any, **others: Any) -> Operation:
    return Operation(summary=summary, answer=answer, security=_OPTIONAL, **others)


SUBJECT = Subject(
    name="Operations",
    description="For load balancers, monitoring and whoever is woken at night. The same pages "
    "stand under `/api/v1/health/`. Reading one moves no breaker; the health token adds "
    "`details`.",
    operations={
        "health_live_retrieve": _page("See that the process runs", {"status": "ok"}),
        "health_ready_retrieve": _page(
            "See that signing in is possible",
            Several(
                {
                    "all is well": {"status": "ok"},
                    "without Redis": {"status": "degraded", "degraded": [_DEGRADED]},
                }
            ),
            others={503: {"status": "unavailable"}},
        ),
        "health_redis_retrieve": _page(
            "See whether Redis answers",
            {
                "configured": True,
                "redis_available": True,
                "degraded_mode": False,
                "circuit_breaker": _CIRCUIT,
            },
        ),
        "health_circuit_breaker_retrieve": _page(
            "See the breaker of every process",
            {**_CIRCUIT, "workers_known": True, "workers": [{**_WORKER, **_CIRCUIT}]},
        ),
        "health_database_retrieve": _page(
            "See the pools of database connections",
            {
                "database_available": True,
                "pool": _POOL,
                "workers_known": True,
                "workers": [{**_WORKER, **_POOL}],
            },
        ),
        "metrics_retrieve": Operation(
            summary="Scrape the metrics",
            answer='plinto_breaker_state{breaker="redis"} 0.0\n',
            refusals=(AuthenticationError(),),
            security=[{"health_token": []}],
        ),
    },
)
