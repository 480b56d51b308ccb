"""The domains of an organization."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import domains as answers
from accounts.serializers.domains import DomainBody
from accounts.services import domains
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.views import APIView


class DomainsView(APIView):
    """GET, POST /api/v1/organizations/{id}/domains"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_domains",
        description="Needs `sso:read`.",
        parameters=PAGE,
        responses={200: answers.DomainPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        wanted = pages.requested(request.query_params)
        page = domains.listed(
            signed_in(request), organization_id, wanted=wanted, now=timezone.now()
        )
        return Response({"results": [answers.domain(row) for row in page.rows], "next": page.next})

    @extend_schema(
        operation_id="add_domain",
        description="Needs `sso:write`. The answer says which record proves the domain.",
        request=DomainBody,
        responses={201: answers.DomainAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        domain = domains.add(
            signed_in(request),
            organization_id,
            name=DomainBody.read(request)["domain"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.domain(domain), status=201)


class DomainView(APIView):
    """DELETE /api/v1/organizations/{id}/domains/{id}"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="delete_domain",
        description="Needs `sso:write`. Another organization may prove the domain then.",
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, organization_id: UUID, domain_id: UUID) -> Response:
        domains.delete(
            signed_in(request),
            organization_id,
            domain_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class DomainVerifyView(APIView):
    """POST /api/v1/organizations/{id}/domains/{id}/verify"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="verify_domain",
        description="Needs `sso:write`. Looks for the record at once and answers within seconds: "
        "409 `DOMAIN_NOT_PROVED` while it is not there, 503 `DNS_UNAVAILABLE` while nobody says.",
        request=None,
        responses={200: answers.DomainAnswer, **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID, domain_id: UUID) -> Response:
        domain = domains.verify(
            signed_in(request),
            organization_id,
            domain_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.domain(domain))
