"""A door for people and for keys, as the parts above accounts open theirs."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import KeyHolder, SignedIn


class InvoicesView(APIView):
    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"GET": "invoices:read", "POST": "invoices:write"}

    def get(self, request: Request) -> Response:
        return Response({"by": type(request.user).__name__})

    def post(self, request: Request) -> Response:
        return Response({"by": type(request.user).__name__})

    def delete(self, request: Request) -> Response:
        return Response({"by": type(request.user).__name__})


urlpatterns = [
    path("", include("plinto.urls")),
    path("invoices", InvoicesView.as_view()),
]
