"""The API keys of an organization, as its members manage them; no key manages keys."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import api_keys as answers
from accounts.serializers.api_keys import ApiKeyBody, ApiKeyChangeBody, RotateBody
from accounts.services import api_keys
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.views import APIView


class ApiKeysView(APIView):
    """GET, POST /api/v1/organizations/{id}/api-keys"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_api_keys",
        description="Needs `api_keys:read`.",
        parameters=PAGE,
        responses={200: answers.ApiKeyPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        wanted = pages.requested(request.query_params)
        page = api_keys.listed(
            signed_in(request), organization_id, wanted=wanted, now=timezone.now()
        )
        return Response({"results": [answers.api_key(row) for row in page.rows], "next": page.next})

    @extend_schema(
        operation_id="create_api_key",
        description="Needs `api_keys:write`, and every scope that the key will hold.",
        request=ApiKeyBody,
        responses={201: answers.IssuedApiKeyAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        issued = api_keys.create(
            signed_in(request),
            organization_id,
            fields=ApiKeyBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.issued(issued), status=201)


class ApiKeyView(APIView):
    """PATCH, DELETE /api/v1/organizations/{id}/api-keys/{id}"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="update_api_key",
        description=(
            "Needs `api_keys:write`, and every scope that the key gains; to let it live longer, "
            "every scope that it holds."
        ),
        request=ApiKeyChangeBody,
        responses={200: answers.ApiKeyAnswer, **errors(*BODY, 401, 403, 404)},
    )
    def patch(self, request: Request, organization_id: UUID, key_id: UUID) -> Response:
        key = api_keys.update(
            signed_in(request),
            organization_id,
            key_id,
            fields=ApiKeyChangeBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.api_key(key))

    @extend_schema(
        operation_id="delete_api_key",
        description="Needs `api_keys:write`. The key is refused from its next request on.",
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, organization_id: UUID, key_id: UUID) -> Response:
        api_keys.delete(
            signed_in(request),
            organization_id,
            key_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class ApiKeyRotateView(APIView):
    """POST /api/v1/organizations/{id}/api-keys/{id}/rotate"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="rotate_api_key",
        description=(
            "Needs `api_keys:write` and every scope of the key. The secret before the one that is "
            "replaced works no more."
        ),
        request=RotateBody,
        responses={200: answers.IssuedApiKeyAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID, key_id: UUID) -> Response:
        overlap = RotateBody.read(request)["overlap_seconds"]
        issued = api_keys.rotate(
            signed_in(request),
            organization_id,
            key_id,
            overlap=timedelta(seconds=overlap),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.issued(issued))
