"""Where people learn how they sign in, and members say what groups give."""

from __future__ import annotations

from django.urls import path

from sso.views import arrivals

urlpatterns = [
    path("api/v1/auth/sso/discover", arrivals.DiscoverView.as_view()),
    path(
        "api/v1/organizations/<uuid:organization_id>/sso/group-roles",
        arrivals.GroupRolesView.as_view(),
    ),
]
