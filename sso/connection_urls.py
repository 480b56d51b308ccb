"""Where members manage the connections of their organization."""

from __future__ import annotations

from django.urls import path

from sso.views import connection_tests, connections

_SSO = "api/v1/organizations/<uuid:organization_id>/sso"

urlpatterns = [
    path(f"{_SSO}/saml", connections.SAMLConnectionsView.as_view()),
    path(f"{_SSO}/saml/<slug:slug>", connections.SAMLConnectionView.as_view()),
    path(f"{_SSO}/saml/<slug:slug>/metadata", connections.SAMLMetadataView.as_view()),
    path(f"{_SSO}/saml/<slug:slug>/test", connections.SAMLConnectionTestView.as_view()),
    path(f"{_SSO}/oidc/<slug:slug>/test", connections.OIDCConnectionTestView.as_view()),
    path("sso/saml/<slug:slug>/test", connection_tests.SAMLTestView.as_view()),
    path(
        "sso/saml/<slug:slug>/test/<uuid:sign_in_id>", connection_tests.SAMLFindingsView.as_view()
    ),
    path("sso/oidc/<slug:slug>/test", connection_tests.OIDCTestView.as_view()),
    path(
        "sso/oidc/<slug:slug>/test/<uuid:sign_in_id>", connection_tests.OIDCFindingsView.as_view()
    ),
    path(f"{_SSO}/oidc", connections.OIDCConnectionsView.as_view()),
    path(f"{_SSO}/oidc/<slug:slug>", connections.OIDCConnectionView.as_view()),
]
