"""The real URL table plus doors that fail, for tests of what callers see then."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_POST
from psycopg_pool import PoolTimeout
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plinto.kernel.exceptions import CacheError, ConfigurationError, ConflictError
from plinto.kernel.permissions import Anyone
from plinto.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

ERRORS = {
    "bug": ZeroDivisionError("secret detail"),
    "database": OperationalError("secret detail"),
    "pool": PoolTimeout("secret detail"),
    "cache": CacheError("secret detail"),
    "configuration": ConfigurationError("secret detail"),
    "conflict": ConflictError("Taken.", reason="secret detail"),
    "denied": PermissionDenied("secret detail"),
    "suspicious": SuspiciousOperation("secret detail"),
    "throttled": Throttled(wait=7),
}


def plain(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


@require_POST
def only_post(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class Rest(APIView):
    authentication_classes = []
    permission_classes = [Anyone]

    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]


class Echo(APIView):
    authentication_classes = []
    permission_classes = [Anyone]

    def post(self, request: Request) -> Response:
        return Response(request.data)


class Unsaid(APIView):
    """A view that forgot to say who may come in."""

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    path("plain/<name>", plain),
    path("rest/<name>", Rest.as_view()),
    path("only-post", only_post),
    path("echo", Echo.as_view()),
    path("unsaid", Unsaid.as_view()),
    path("", include("plinto.urls")),
]
