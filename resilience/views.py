"""The health pages: public, never cached, and silent about hosts and errors without the token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from plinto.kernel.answers import answer, prepared, put
from plinto.kernel.permissions import Anyone
from plinto.kernel.views import APIView
from resilience import figures, health, overview, siblings
from resilience.operators import has_health_token
from resilience.overview import ProcessView
from resilience.redis import door
from resilience.serializers import (
    CircuitsAnswer,
    DatabaseAnswer,
    LiveAnswer,
    ReadyAnswer,
    RedisAnswer,
)
from resilience.siblings import Siblings

_NEVER_KEPT = prepared([("Cache-Control", "no-store")])
_TRY_AGAIN = prepared([("Cache-Control", "no-store"), ("Retry-After", "2")])


class LiveView(APIView):
    """GET /health/live"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "health"

    @extend_schema(responses=LiveAnswer)
    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002
        """The process runs. Nothing else is touched."""
        return _answer({"status": "ok"})


class ReadyView(APIView):
    """GET /health/ready"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "health"

    @extend_schema(responses={200: ReadyAnswer, 503: ReadyAnswer})
    def get(self, request: Request) -> HttpResponse:
        """Signing in is possible, if need be without what `degraded` names; else 503."""
        found = health.readiness()
        body: dict[str, Any] = {"status": found.status}
        if found.degraded:
            body["degraded"] = found.degraded
        _add_details(
            body,
            request,
            lambda: {
                name: {"error": one.error, "milliseconds": one.milliseconds}
                for name, one in found.findings.items()
            },
        )
        return _answer(body, status=503 if found.status == "unavailable" else 200)


class RedisView(APIView):
    """GET /health/redis"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "health"

    @extend_schema(responses=RedisAnswer)
    def get(self, request: Request) -> HttpResponse:
        """Whether Redis answers now, and how this process stands to it."""
        found = door()
        look = health.redis_look()
        body = {
            "configured": found is not None,
            "redis_available": found is not None and look.is_well,
            "degraded_mode": health.degraded_since() is not None,
            "circuit_breaker": figures.circuit(siblings.own()),
        }
        if found is not None:
            _add_details(
                body,
                request,
                lambda: {
                    "address": found.address,
                    "error": look.error,
                    "reason": found.breaker.standing.reason,
                    "write_reason": found.writes.standing.reason,
                },
            )
        return _answer(body)


class CircuitBreakerView(APIView):
    """GET /health/circuit-breaker"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "health"

    @extend_schema(responses=CircuitsAnswer)
    def get(self, request: Request) -> HttpResponse:
        """The breaker of this process, and of every live worker."""
        found = siblings.all_live()
        body = {
            **figures.circuit(found.own),
            "workers_known": found.are_known,
            "workers": [{**_worker(one), **figures.circuit(one)} for one in found.live],
        }
        _add_details(body, request, lambda: _hosts(found))
        return _answer(body)


class DatabaseView(APIView):
    """GET /health/database"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "health"

    @extend_schema(responses=DatabaseAnswer)
    def get(self, request: Request) -> HttpResponse:
        """The pools of database connections."""
        look = health.database_look()
        found = siblings.all_live()
        body = {
            "database_available": look.answers,
            "pool": asdict(overview.pool_sum([one.pool for one in found.live])),
            "workers_known": found.are_known,
            "workers": [{**_worker(one), **asdict(one.pool)} for one in found.live],
        }
        _add_details(
            body,
            request,
            lambda: {"error": look.error, "milliseconds": look.milliseconds, **_hosts(found)},
        )
        return _answer(body)


def _worker(process: ProcessView) -> dict[str, Any]:
    """What tells a process from its siblings, without its host."""
    names = ("id", "kind", "pid", "started_at", "seen_at")
    return {name: getattr(process, name) for name in names}


def _hosts(found: Siblings) -> dict[str, Any]:
    return {"hosts": {str(one.id): one.host for one in found.live}}


def _answer(body: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = answer(body, status=status)
    put(response, _NEVER_KEPT if status != 503 else _TRY_AGAIN)
    return response


def _add_details(
    body: dict[str, Any], request: Request, details: Callable[[], dict[str, Any]]
) -> None:
    """Add what only the holder of the health token may know."""
    if has_health_token(request):
        body["details"] = details()
