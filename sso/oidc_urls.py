"""The doors of OpenID connections."""

from __future__ import annotations

from django.urls import path

from sso.views import oidc

_ONE = "sso/oidc/<slug:slug>"

urlpatterns = [
    path(f"{_ONE}/login", oidc.OidcLoginView.as_view()),
    path(f"{_ONE}/callback", oidc.OidcCallbackView.as_view()),
    path(f"{_ONE}/signed-out", oidc.OidcSignedOutView.as_view()),
    path(f"{_ONE}/backchannel-logout", oidc.OidcBackchannelLogoutView.as_view()),
]
