"""Sign-in at identity providers, and a person's own identities there."""

from __future__ import annotations

from typing import IO, Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import browsers
from accounts.permissions import ProvedLately, ProvedLatelyToChange, signed_in
from accounts.serializers import answers
from accounts.serializers import social as shown
from accounts.services import exchange, identities, identity_consents, social
from plinto.kernel import origin, pages
from plinto.kernel.exceptions import MalformedRequestError
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_RETURNING = {
    303: OpenApiResponse(
        description="To `redirect_uri`, with `code`, with `linked`, or with `error`: "
        "access_denied, provider_error, provider_unavailable, email_not_verified, "
        "identity_taken, session_ended."
    ),
    (400, "text/html"): OpenApiResponse(
        OpenApiTypes.STR, description="No sign-in of this browser waits for such an answer."
    ),
}


class FormParser(BaseParser):
    """Read a provider's form as ASCII, whatever encoding its header wants."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Any = None,  # noqa: ARG002
    ) -> dict[str, str]:
        try:
            return dict(parse_qsl(stream.read().decode("ascii"), max_num_fields=50))
        except ValueError as error:
            raise MalformedRequestError(reason="form") from error


class ProvidersView(APIView):
    """GET /api/v1/auth/social/providers"""

    authentication_classes = []
    permission_classes = [Anyone]

    @extend_schema(
        operation_id="list_providers", responses={200: shown.ProvidersAnswer, **errors()}
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        found = [shown.provider(each) for each in social.offered()]
        return Response({"results": found, "next": None})


class StartView(APIView):
    """POST /api/v1/auth/social/{provider}/start"""

    permission_classes = [Anyone]
    limited_as = "login"

    @extend_schema(
        operation_id="start_social",
        description="Begin a sign-in; with an access token (proved within ten minutes), begin to "
        "link another identity to its person. The answer sets a cookie that the callback and the "
        "exchange must bring along.",
        request=shown.StartBody,
        responses={200: shown.BegunAnswer, **errors(*BODY, 401, 403, 404, 502)},
    )
    def post(self, request: Request, provider: str) -> Response:
        body = shown.StartBody.read(request)
        # A session that may not link must not fall back to signing somebody in.
        is_link = bool(request.auth) and ProvedLately().has_permission(request, self)
        begun = social.start(
            provider,
            redirect_uri=body["redirect_uri"],
            browser=browsers.token_of(request),
            who=signed_in(request) if is_link else None,
            now=timezone.now(),
        )
        response = Response({"authorization_url": begun.authorization_url})
        browsers.remember(response, begun.browser)
        return response


class CallbackView(APIView):
    """GET, POST /api/v1/auth/social/{provider}/callback"""

    authentication_classes = []
    permission_classes = [Anyone]
    parser_classes = [FormParser]
    limited_as = "login"

    @extend_schema(
        operation_id="return_from_provider",
        parameters=[OpenApiParameter(name) for name in ("state", "code", "error", "iss")],
        responses={**_RETURNING, **errors(404)},
    )
    def get(self, request: Request, provider: str) -> HttpResponse:
        location = social.returned(
            provider,
            request.query_params.dict(),
            browser=browsers.token_of(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        if location is None:
            content = render_to_string(
                "accounts/sign_in_lost.html", {"request_id": origin.of(request).request_id}
            )
            return HttpResponse(content, status=400, headers=_PRIVATE)
        return HttpResponse(status=303, headers={**_PRIVATE, "Location": location})

    @extend_schema(
        operation_id="post_from_provider",
        request={"application/x-www-form-urlencoded": OpenApiTypes.OBJECT},
        responses={
            303: OpenApiResponse(description="To the same address, as a GET."),
            **errors(400, 404, 413, 415),
        },
    )
    def post(self, request: Request, provider: str) -> HttpResponse:
        form: Any = request.data  # a dictionary: the parser of this view makes nothing else
        location = social.forwarded(provider, form)
        return HttpResponse(status=303, headers={**_PRIVATE, "Location": location})


class ExchangeView(APIView):
    """POST /api/v1/auth/sso/exchange"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "login"

    @extend_schema(
        operation_id="exchange_code",
        request=shown.ExchangeBody,
        responses={
            200: PolymorphicProxySerializer(
                "ExchangeAnswer",
                [answers.SignedInAnswer, answers.FactorWantedAnswer],
                resource_type_field_name=None,
            ),
            **errors(*BODY, 401, 403, 409),
        },
    )
    def post(self, request: Request) -> Response:
        body = shown.ExchangeBody.read(request)
        entry = exchange.exchange(
            body["code"],
            browser=browsers.token_of(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.entered(entry))


class IdentitiesView(APIView):
    """GET, POST /api/v1/me/identities"""

    permission_classes = [ProvedLatelyToChange]

    @extend_schema(
        operation_id="list_identities",
        parameters=[
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, default 25."),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="`next` of a former page."),
        ],
        responses={200: shown.IdentityPageAnswer, **errors(401, 422)},
    )
    def get(self, request: Request) -> Response:
        page = identities.of(
            signed_in(request).user_id, wanted=pages.requested(request.query_params)
        )
        names = identities.connection_names(page.rows)
        found = [shown.identity(row, names) for row in page.rows]
        return Response({"results": found, "next": page.next})

    @extend_schema(
        operation_id="confirm_identity",
        request=shown.IdentityLinkBody,
        responses={201: shown.IdentityAnswer, **errors(*BODY, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        body = shown.IdentityLinkBody.read(request)
        linked = identity_consents.confirm(
            signed_in(request),
            body["link_token"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        names = identities.connection_names([linked])
        return Response(shown.identity(linked, names), status=201)


class IdentityView(APIView):
    """DELETE /api/v1/me/identities/{id}"""

    permission_classes = [ProvedLately]

    @extend_schema(
        operation_id="unlink_identity", responses={204: None, **errors(401, 403, 404, 409)}
    )
    def delete(self, request: Request, identity_id: UUID) -> Response:
        identities.unlink(
            signed_in(request), identity_id, origin=origin.of(request), now=timezone.now()
        )
        return Response(status=204)
