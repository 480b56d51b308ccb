"""Where an identity provider provisions, and where members manage its token."""

from __future__ import annotations

from django.urls import path

from sso.scim import views
from sso.views import scim_tokens

_HERE = "scim/v2"

urlpatterns = [
    path(
        "api/v1/organizations/<uuid:organization_id>/scim/token",
        scim_tokens.ScimTokenView.as_view(),
    ),
    path(f"{_HERE}/ServiceProviderConfig", views.DiscoveryView.as_view()),
    path(f"{_HERE}/ResourceTypes", views.ResourceTypesView.as_view()),
    path(f"{_HERE}/ResourceTypes/<str:resource_type>", views.ResourceTypesView.as_view()),
    path(f"{_HERE}/Schemas", views.SchemasView.as_view()),
    path(f"{_HERE}/Schemas/<str:scim_schema>", views.SchemasView.as_view()),
    path(f"{_HERE}/Users", views.UsersView.as_view()),
    path(f"{_HERE}/Users/.search", views.UserSearchView.as_view()),
    path(f"{_HERE}/Users/<uuid:resource_id>", views.UserView.as_view()),
    path(f"{_HERE}/Groups", views.GroupsView.as_view()),
    path(f"{_HERE}/Groups/.search", views.GroupSearchView.as_view()),
    path(f"{_HERE}/Groups/<uuid:group_id>", views.GroupView.as_view()),
    path(f"{_HERE}/.search", views.SearchView.as_view()),
]
