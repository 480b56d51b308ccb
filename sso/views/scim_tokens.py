"""The SCIM token of an organization."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import ProvedLatelyToChange, signed_in
from plinto.kernel import origin
from plinto.kernel.schema import errors
from plinto.kernel.views import APIView
from sso.serializers import scim_tokens as answers
from sso.services import scim_tokens


class ScimTokenView(APIView):
    """GET, POST, DELETE /api/v1/organizations/{id}/scim/token"""

    permission_classes = [ProvedLatelyToChange]

    @extend_schema(
        operation_id="get_scim_token",
        description="Needs `sso:read`.",
        responses={200: answers.ScimTokenAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        found = scim_tokens.shown(signed_in(request), organization_id, now=timezone.now())
        return Response(answers.token(found))

    @extend_schema(
        operation_id="create_scim_token",
        description=(
            "Needs `sso:write` and a proof within ten minutes. The answer shows the token, once. "
            "One that was there before is refused from now on."
        ),
        request=None,
        responses={201: answers.IssuedScimTokenAnswer, **errors(401, 403, 404)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        made = scim_tokens.create(
            signed_in(request), organization_id, origin=origin.of(request), now=timezone.now()
        )
        return Response(answers.issued(made), status=201)

    @extend_schema(
        operation_id="delete_scim_token",
        description=(
            "Needs `sso:write` and a proof within ten minutes. Nothing is provisioned any more; "
            "who was provisioned stays as they are."
        ),
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, organization_id: UUID) -> Response:
        scim_tokens.delete(
            signed_in(request), organization_id, origin=origin.of(request), now=timezone.now()
        )
        return Response(status=204)
