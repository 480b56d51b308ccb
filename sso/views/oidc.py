"""The doors of OpenID connections: for browsers, and for the provider itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import browsers
from plinto.kernel import origin
from plinto.kernel.parsers import StrictFormParser
from plinto.kernel.permissions import Anyone
from sso.services import oidc_logout, oidc_sign_in
from sso.services.connections_found import Protocol
from sso.views.pages import PRIVATE, DoorView, sent_to


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


class OidcBackchannelLogoutView(DoorView):
    """POST /sso/oidc/{slug}/backchannel-logout"""

    permission_classes = [Anyone]
    parser_classes = [StrictFormParser]
    protocol = Protocol.OIDC
    takes_foreign_posts = True

    @extend_schema(exclude=True)
    def post(self, request: Request, slug: str) -> HttpResponse:
        form: Any = request.data  # a dictionary: the parser of this view makes nothing else
        oidc_logout.heard(
            slug, form.get("logout_token"), origin=origin.of(request), now=timezone.now()
        )
        return HttpResponse(headers=PRIVATE)

    def handle_exception(self, error: Exception) -> Response | HttpResponse:  # type: ignore[override]
        """Say it in the provider's words (Back-Channel Logout 1.0, section 2.8), not on a page."""
        answer = super().handle_exception(error)
        if isinstance(answer, Response):
            return answer
        said = "temporarily_unavailable" if answer.status_code >= 429 else "invalid_request"
        told = JsonResponse({"error": said}, status=answer.status_code, headers=PRIVATE)
        if "Retry-After" in answer:
            told["Retry-After"] = answer["Retry-After"]
        return told
