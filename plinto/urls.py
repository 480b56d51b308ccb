"""The URL table of the whole product."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from plinto.kernel.routes import RememberedRoutes
from plinto.views import DocsView

handler400 = "plinto.kernel.problems.bad_request"
handler403 = "plinto.kernel.problems.forbidden"
handler404 = "plinto.kernel.problems.not_found"
handler500 = "plinto.kernel.problems.server_error"

urlpatterns = [
    RememberedRoutes(
        [
            path("", include("accounts.urls")),
            path("", include("webhooks.urls")),
            path("", include("sso.urls")),
            path("", include("resilience.urls")),
            path("api/v1/openapi.json", SpectacularJSONAPIView.as_view(), name="schema"),
            path("api/v1/docs", DocsView.as_view()),
            path("admin/", admin.site.urls),
        ]
    )
]
