"""Members and roles of an organization, and what one may do oneself."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import organization_answers as answers
from accounts.serializers.organization_bodies import (
    MemberBody,
    PermissionQuery,
    RoleBody,
    RoleChangeBody,
)
from accounts.services import memberships, roles
from accounts.services.access import get_rbac_service
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.views import APIView


class MembersView(APIView):
    """GET /api/v1/organizations/{id}/members"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_members",
        description="Needs `members:read`.",
        parameters=PAGE,
        responses={200: answers.MemberPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        wanted = pages.requested(request.query_params)
        page = memberships.listed(
            signed_in(request), organization_id, wanted=wanted, now=timezone.now()
        )
        return Response({"results": [answers.member(row) for row in page.rows], "next": page.next})


class MemberView(APIView):
    """PATCH, DELETE /api/v1/organizations/{id}/members/{user}"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="update_member",
        description="Needs `members:write`, and everything that either role holds.",
        request=MemberBody,
        responses={200: answers.MemberAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, organization_id: UUID, user_id: UUID) -> Response:
        member = memberships.change_role(
            signed_in(request),
            organization_id,
            user_id,
            **MemberBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.member(member))

    @extend_schema(
        operation_id="remove_member",
        description="Needs `members:write` and everything the member holds; anybody may leave.",
        responses={204: None, **errors(401, 403, 404, 409)},
    )
    def delete(self, request: Request, organization_id: UUID, user_id: UUID) -> Response:
        memberships.remove(
            signed_in(request),
            organization_id,
            user_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class RolesView(APIView):
    """GET, POST /api/v1/organizations/{id}/roles"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_roles",
        description="Needs `roles:read`.",
        parameters=PAGE,
        responses={200: answers.RolePageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        wanted = pages.requested(request.query_params)
        page = roles.listed(signed_in(request), organization_id, wanted=wanted, now=timezone.now())
        return Response({"results": [answers.role(row) for row in page.rows], "next": page.next})

    @extend_schema(
        operation_id="create_role",
        description="Needs `roles:write`, and everything the role will hold.",
        request=RoleBody,
        responses={201: answers.RoleAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        role = roles.create(
            signed_in(request),
            organization_id,
            fields=RoleBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.role(role), status=201)


class RoleView(APIView):
    """PATCH, DELETE /api/v1/organizations/{id}/roles/{id}"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="update_role",
        description="Needs `roles:write`, and everything the role holds and will hold.",
        request=RoleChangeBody,
        responses={200: answers.RoleAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, organization_id: UUID, role_id: UUID) -> Response:
        role = roles.update(
            signed_in(request),
            organization_id,
            role_id,
            fields=RoleChangeBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.role(role))

    @extend_schema(
        operation_id="delete_role",
        description="Needs `roles:write`, and everything the role holds.",
        responses={204: None, **errors(401, 403, 404, 409)},
    )
    def delete(self, request: Request, organization_id: UUID, role_id: UUID) -> Response:
        roles.delete(
            signed_in(request),
            organization_id,
            role_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class PermissionCheckView(APIView):
    """GET /api/v1/organizations/{id}/permissions/check"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="check_permission",
        description="Whether the caller holds a permission, or all that a wildcard stands for.",
        parameters=[OpenApiParameter("permission", str, required=True)],
        responses={200: answers.PermissionAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        query = PermissionQuery(data=request.query_params)
        access = get_rbac_service().access(signed_in(request), organization_id, now=timezone.now())
        query.is_valid(raise_exception=True)
        permission = query.validated_data["permission"]
        return Response({"permission": permission, "allowed": access.allows(permission)})
