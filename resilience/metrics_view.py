"""The page that Prometheus scrapes."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.request import Request

from plinto.kernel.exceptions import AuthenticationError
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import errors
from plinto.kernel.views import APIView
from resilience import metrics
from resilience.operators import came_privately, has_health_token


class MetricsView(APIView):
    """GET /metrics"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "health"

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR, **errors(401)})
    def get(self, request: Request) -> HttpResponse:
        """Prometheus text over all processes, for the health token or a private address."""
        if not (came_privately(request) or has_health_token(request)):
            raise AuthenticationError
        return HttpResponse(
            metrics.exposition(),
            content_type=CONTENT_TYPE_LATEST,
            headers={"Cache-Control": "no-store"},
        )
