"""The doors of SAML connections, and signing out."""

from __future__ import annotations

from django.urls import path

from sso.views import logout, saml

_ONE = "sso/saml/<slug:slug>"

urlpatterns = [
    path(f"{_ONE}/metadata", saml.MetadataView.as_view()),
    path(f"{_ONE}/login", saml.LoginView.as_view()),
    path(f"{_ONE}/acs", saml.AcsView.as_view()),
    path(f"{_ONE}/sls", saml.SlsView.as_view()),
    path("api/v1/auth/sso/logout", logout.LogoutView.as_view()),
]
