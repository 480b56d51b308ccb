"""Health pages, at the root for load balancers and again under the API; and the metrics."""

from __future__ import annotations

from django.urls import path

from resilience import views
from resilience.metrics_view import MetricsView

_PAGES = {
    "live": views.LiveView,
    "ready": views.ReadyView,
    "redis": views.RedisView,
    "circuit-breaker": views.CircuitBreakerView,
    "database": views.DatabaseView,
}

urlpatterns = [
    path(f"{prefix}health/{page}", view.as_view())
    for prefix in ("", "api/v1/")
    for page, view in _PAGES.items()
]
urlpatterns.append(path("metrics", MetricsView.as_view()))
