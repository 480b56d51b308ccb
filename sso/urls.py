"""
Where single sign-on is found, below the root: browsers' doors, members' and providers'.

Each part has a table of its own beside this one.
"""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("sso.arrival_urls")),
    path("", include("sso.connection_urls")),
    path("", include("sso.oidc_urls")),
    path("", include("sso.saml_urls")),
]
