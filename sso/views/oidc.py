"""The doors of OpenID connections: for browsers, and for the provider itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import browsers
from plinto.kernel import origin
from plinto.kernel.parsers import StrictFormParser
from plinto.kernel.permissions import Anyone
from sso.serializers import forms
from sso.services import oidc_logout, oidc_sign_in
from sso.services.connections_found import Protocol
from sso.views import pages

_FORM = "application/x-www-form-urlencoded"


class OidcLoginView(pages.DoorView):
    """GET /sso/oidc/{slug}/login"""

    permission_classes = [Anyone]
    protocol = Protocol.OIDC

    @extend_schema(
        operation_id="begin_oidc",
        parameters=[OpenApiParameter(name) for name in ("redirect_uri", "prompt")],
        responses={
            303: OpenApiResponse(description="To the identity provider."),
            **pages.refusals_of(400),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        begun = oidc_sign_in.begin(
            slug,
            redirect_uri=request.query_params.get("redirect_uri", ""),
            browser=browsers.token_of(request),
            is_proof_wanted=request.query_params.get("prompt") == "login",
            now=timezone.now(),
        )
        response = pages.sent_to(begun.location)
        browsers.remember(response, begun.browser)
        return response


class OidcCallbackView(pages.DoorView):
    """GET /sso/oidc/{slug}/callback"""

    permission_classes = [Anyone]
    protocol = Protocol.OIDC

    @extend_schema(
        operation_id="return_from_oidc",
        parameters=[OpenApiParameter(name) for name in ("state", "code", "error", "iss")],
        responses={
            303: OpenApiResponse(description="To `redirect_uri`, with a `code` to exchange."),
            **pages.refusals_of(400, 403),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        location = oidc_sign_in.returned(
            slug,
            request.query_params.dict(),
            browser=browsers.token_of(request),
            now=timezone.now(),
        )
        return pages.sent_to(location)


class OidcSignedOutView(pages.DoorView):
    """GET /sso/oidc/{slug}/signed-out"""

    permission_classes = [Anyone]
    protocol = Protocol.OIDC

    @extend_schema(
        operation_id="return_from_oidc_logout",
        parameters=[OpenApiParameter("state")],
        responses={
            303: OpenApiResponse(description="To the `redirect_uri` that was wanted."),
            (200, "text/html"): OpenApiResponse(OpenApiTypes.STR, description="If none was."),
            **pages.refusals_of(400),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        location = oidc_logout.left(slug, request.query_params.get("state", ""), now=timezone.now())
        return pages.sent_to(location) if location else pages.shown(request, "signed_out")


class OidcBackchannelLogoutView(pages.DoorView):
    """POST /sso/oidc/{slug}/backchannel-logout"""

    permission_classes = [Anyone]
    parser_classes = [StrictFormParser]
    protocol = Protocol.OIDC
    takes_foreign_posts = True

    @extend_schema(
        operation_id="post_oidc_logout",
        request={_FORM: forms.LogoutTokenForm},
        responses={
            200: OpenApiResponse(description="The sessions that it means have ended."),
            **{
                (status, "application/json"): OpenApiResponse(OpenApiTypes.OBJECT, description=said)
                for status, said in (
                    (400, "It cannot be believed."),
                    (404, "There is no such connection, or it is off."),
                    (503, "The provider's keys, or the database, are not to be had."),
                )
            },
        },
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        form: Any = request.data  # a dictionary: the parser of this view makes nothing else
        oidc_logout.heard(
            slug, form.get("logout_token"), origin=origin.of(request), now=timezone.now()
        )
        return HttpResponse(headers=pages.PRIVATE)

    def handle_exception(  # type: ignore[override]
        self, error: Exception
    ) -> Response | HttpResponse:
        """Say it in the provider's words (Back-Channel Logout 1.0, section 2.8), not on a page."""
        answer = super().handle_exception(error)
        if isinstance(answer, Response):
            return answer
        said = "temporarily_unavailable" if answer.status_code >= 429 else "invalid_request"
        told = JsonResponse({"error": said}, status=answer.status_code, headers=pages.PRIVATE)
        if "Retry-After" in answer:
            told["Retry-After"] = answer["Retry-After"]
        return told
