"""Organizations, as their members see and change them."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import organization_answers as answers
from accounts.serializers.organization_bodies import OrganizationBody, OrganizationChangeBody
from accounts.services import organizations
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.views import APIView


class OrganizationsView(APIView):
    """GET, POST /api/v1/organizations"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_organizations",
        parameters=PAGE,
        responses={200: answers.OrganizationPageAnswer, **errors(401, 422)},
    )
    def get(self, request: Request) -> Response:
        wanted = pages.requested(request.query_params)
        page = organizations.of_person(signed_in(request).user_id, wanted=wanted)
        results = [answers.organization(row) for row in page.rows]
        return Response({"results": results, "next": page.next})

    @extend_schema(
        operation_id="create_organization",
        request=OrganizationBody,
        responses={201: answers.OrganizationAnswer, **errors(*BODY, 401, 409)},
    )
    def post(self, request: Request) -> Response:
        body = OrganizationBody.read(request)
        made = organizations.create(
            signed_in(request), **body, origin=origin.of(request), now=timezone.now()
        )
        return Response(answers.organization(made), status=201)


class OrganizationView(APIView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="get_organization",
        description="Needs `organization:read`.",
        responses={200: answers.OrganizationAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        return Response(
            answers.organization(
                organizations.get(signed_in(request), organization_id, now=timezone.now())
            )
        )

    @extend_schema(
        operation_id="update_organization",
        description="Needs `organization:write`.",
        request=OrganizationChangeBody,
        responses={200: answers.OrganizationAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, organization_id: UUID) -> Response:
        changed = organizations.update(
            signed_in(request),
            organization_id,
            fields=OrganizationChangeBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.organization(changed))

    @extend_schema(
        operation_id="delete_organization",
        description="Needs `organization:delete`, which owners hold.",
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, organization_id: UUID) -> Response:
        organizations.delete(
            signed_in(request), organization_id, origin=origin.of(request), now=timezone.now()
        )
        return Response(status=204)


class OwnMembershipsView(APIView):
    """GET /api/v1/me/organizations"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_own_memberships",
        parameters=PAGE,
        responses={200: answers.OwnMembershipPageAnswer, **errors(401, 422)},
    )
    def get(self, request: Request) -> Response:
        wanted = pages.requested(request.query_params)
        page = organizations.of_person(signed_in(request).user_id, wanted=wanted)
        results = [answers.own_membership(row) for row in page.rows]
        return Response({"results": results, "next": page.next})
