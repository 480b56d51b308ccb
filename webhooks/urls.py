"""Where webhooks are found, below the root."""

from __future__ import annotations

from django.urls import path

from webhooks.views import deliveries, endpoints

_ALL = "api/v1/organizations/<uuid:organization_id>/webhooks"
_ONE = f"{_ALL}/<uuid:endpoint_id>"

urlpatterns = [
    path(_ALL, endpoints.EndpointsView.as_view()),
    path(_ONE, endpoints.EndpointView.as_view()),
    path(f"{_ONE}/enable", endpoints.EndpointEnableView.as_view()),
    path(f"{_ONE}/rotate-secret", endpoints.EndpointRotateView.as_view()),
    path(f"{_ONE}/test", endpoints.EndpointTestView.as_view()),
    path(f"{_ONE}/redeliver", deliveries.RedeliverFailedView.as_view()),
    path(f"{_ONE}/deliveries", deliveries.DeliveriesView.as_view()),
    path(f"{_ONE}/deliveries/<uuid:delivery_id>/redeliver", deliveries.RedeliverView.as_view()),
]
