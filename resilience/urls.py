"""Health pages, at the root for load balancers and again under the API."""

from __future__ import annotations

from django.urls import path

from resilience import views

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
