"""Invitations to organizations."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import organization_answers as answers
from accounts.serializers.organization_bodies import AcceptBody, InvitationBody
from accounts.services import invitation_acceptance, invitations
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.serializers import Body
from plinto.kernel.views import APIView


class InvitationsView(APIView):
    """GET, POST /api/v1/organizations/{id}/invitations"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_invitations",
        description="Needs `members:read`. Those that are open, also if they have expired.",
        parameters=PAGE,
        responses={200: answers.InvitationPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        wanted = pages.requested(request.query_params)
        page = invitations.listed(
            signed_in(request), organization_id, wanted=wanted, now=timezone.now()
        )
        results = [answers.invitation(row) for row in page.rows]
        return Response({"results": results, "next": page.next})

    @extend_schema(
        operation_id="invite",
        description="Needs `members:write`, and everything the role holds.",
        request=InvitationBody,
        responses={201: answers.InvitationAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        written = invitations.invite(
            signed_in(request),
            organization_id,
            **InvitationBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.invitation(written), status=201)


class InvitationView(APIView):
    """DELETE /api/v1/organizations/{id}/invitations/{id}"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="revoke_invitation",
        description="Needs `members:write`, and everything the role holds.",
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        invitations.revoke(
            signed_in(request),
            organization_id,
            invitation_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class InvitationResendView(APIView):
    """POST /api/v1/organizations/{id}/invitations/{id}/resend"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="resend_invitation",
        description="Needs the same as inviting. The link that was sent before works no more.",
        request=None,
        responses={200: answers.InvitationAnswer, **errors(*BODY, 401, 403, 404)},
    )
    def post(self, request: Request, organization_id: UUID, invitation_id: UUID) -> Response:
        Body.read(request)
        written = invitations.resend(
            signed_in(request),
            organization_id,
            invitation_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.invitation(written))


class AcceptView(APIView):
    """POST /api/v1/invitations/accept"""

    permission_classes = [SignedIn]
    limited_as = "verify"

    @extend_schema(
        operation_id="accept_invitation",
        description="For whoever is signed in with the address that was invited.",
        request=AcceptBody,
        responses={200: answers.OwnMembershipAnswer, **errors(*BODY, 401, 404, 409)},
    )
    def post(self, request: Request) -> Response:
        body = AcceptBody.read(request)
        membership = invitation_acceptance.accept(
            signed_in(request), body["token"], origin=origin.of(request), now=timezone.now()
        )
        return Response(answers.own_membership(membership))
