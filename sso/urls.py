"""
Where single sign-on is found, below the root: browsers' doors, members' and providers'.

Each part has a table of its own beside this one.
"""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("sso.scim_urls")),
]
