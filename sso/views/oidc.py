"""The doors of OpenID connections: for browsers, and for the provider itself."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from accounts import browsers
from plinto.kernel import origin
from plinto.kernel.permissions import Anyone
from sso.services import oidc_sign_in
from sso.services.connections_found import Protocol
from sso.views.pages import DoorView, sent_to


class OidcLoginView(DoorView):
    """GET /sso/oidc/{slug}/login"""

    permission_classes = [Anyone]
    protocol = Protocol.OIDC

    @extend_schema(exclude=True)
    def get(self, request: Request, slug: str) -> HttpResponse:
        begun = oidc_sign_in.begin(
            slug,
            redirect_uri=request.query_params.get("redirect_uri", ""),
            browser=browsers.token_of(request),
            is_proof_wanted=request.query_params.get("prompt") == "login",
            now=timezone.now(),
        )
        response = sent_to(begun.location)
        browsers.remember(response, begun.browser)
        return response


class OidcCallbackView(DoorView):
    """GET /sso/oidc/{slug}/callback"""

    permission_classes = [Anyone]
    protocol = Protocol.OIDC

    @extend_schema(exclude=True)
    def get(self, request: Request, slug: str) -> HttpResponse:
        location = oidc_sign_in.returned(
            slug,
            request.query_params.dict(),
            browser=browsers.token_of(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return sent_to(location)
