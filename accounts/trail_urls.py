"""The paths of an organization's trail, below the root."""

from django.urls import path

from accounts.views import organization_trail

_TRAIL = "api/v1/organizations/<uuid:organization_id>/audit"

urlpatterns = [
    path(_TRAIL, organization_trail.TrailView.as_view()),
    path(f"{_TRAIL}/<uuid:row_id>/proof", organization_trail.ProofView.as_view()),
    path(f"{_TRAIL}/export", organization_trail.TrailExportsView.as_view()),
    path(f"{_TRAIL}/export/<uuid:trail_export_id>", organization_trail.TrailExportView.as_view()),
]
