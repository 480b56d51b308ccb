"""Where members manage the connections of their organization."""

from __future__ import annotations

from django.urls import path

from sso.views import connections

_SSO = "api/v1/organizations/<uuid:organization_id>/sso"

urlpatterns = [
    path(f"{_SSO}/saml", connections.SAMLConnectionsView.as_view()),
    path(f"{_SSO}/saml/<slug:slug>", connections.SAMLConnectionView.as_view()),
    path(f"{_SSO}/saml/<slug:slug>/metadata", connections.SAMLMetadataView.as_view()),
    path(f"{_SSO}/oidc", connections.OIDCConnectionsView.as_view()),
    path(f"{_SSO}/oidc/<slug:slug>", connections.OIDCConnectionView.as_view()),
]
