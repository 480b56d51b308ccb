"""Where somebody signs in, and what the groups of their provider give them."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import ProvedLatelyToChange, signed_in
from plinto.kernel import origin
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView
from sso.serializers import arrivals as shown
from sso.services import discovery, group_roles


class DiscoverView(APIView):
    """POST /api/v1/auth/sso/discover"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "sso"

    @extend_schema(
        operation_id="discover_connection",
        description="Says where whoever has an address in this domain signs in; never whether "
        "there is such a person.",
        request=shown.DiscoverBody,
        responses={200: shown.DiscoverAnswer, **errors(*BODY)},
    )
    def post(self, request: Request) -> Response:
        body = shown.DiscoverBody.read(request)
        return Response(shown.discovered(discovery.door_for(body["email"])))


class GroupRolesView(APIView):
    """GET, PUT /api/v1/organizations/{id}/sso/group-roles"""

    permission_classes = [ProvedLatelyToChange]

    @extend_schema(
        operation_id="list_group_roles",
        description="Needs `sso:read`.",
        responses={200: shown.GroupRolesAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        lines = group_roles.listed(signed_in(request), organization_id, now=timezone.now())
        return Response(shown.group_roles(lines))

    @extend_schema(
        operation_id="replace_group_roles",
        description="Needs `sso:write`, and all that the roles of the old and the new lines hold.",
        request=shown.GroupRolesBody,
        responses={200: shown.GroupRolesAnswer, **errors(*BODY, 401, 403, 404)},
    )
    def put(self, request: Request, organization_id: UUID) -> Response:
        lines = group_roles.replace(
            signed_in(request),
            organization_id,
            shown.GroupRolesBody.read(request)["group_roles"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(shown.group_roles(lines))
