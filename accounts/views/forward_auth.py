"""What proxies ask about each request before they pass it on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.forward_authentication import ForwardAuthentication
from accounts.permissions import KeyHolder, SignedIn
from plinto.kernel.schema import errors

_HEADERS = {
    "X-Plinto-User": "The id of the person; empty for an API key.",
    "X-Plinto-Session": "The id of their session.",
    "X-Plinto-Key": "The id of the API key, for programs alone.",
    "X-Plinto-Organization": "The organization asked for, to which they were found to belong.",
    "X-Plinto-Scopes": "The scopes of the API key, separated by spaces; empty for a person.",
}


class ForwardAuthView(APIView):
    """GET /api/v1/auth/verify; ``plinto.forward_auth`` answers most of it without Django."""

    authentication_classes = [ForwardAuthentication]
    permission_classes = [SignedIn | KeyHolder]
    # Any key; the scope that is asked for is in the question.
    key_scopes = {"GET": ""}

    @extend_schema(
        operation_id="verify_request",
        parameters=[
            OpenApiParameter("permission", str, description="What they must be allowed to do."),
            OpenApiParameter(
                "organization",
                OpenApiTypes.UUID,
                description="Where; without it, in the organization of the session or of the key.",
            ),
            *(
                OpenApiParameter(
                    name, str, OpenApiParameter.HEADER, response=[204], description=meaning
                )
                for name, meaning in _HEADERS.items()
            ),
        ],
        responses={204: None, **errors(401, 403, 422)},
    )
    def get(self, request: Request) -> Response:
        passage: Any = request.auth  # a Passage, where REST framework expects a token of its own
        return Response(status=204, headers=passage.headers)
