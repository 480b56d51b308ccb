"""The terms of the deployment, and who agreed to them."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import terms as answers
from accounts.serializers.terms import TermsBody
from accounts.services import terms
from plinto.kernel import origin
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class TermsView(APIView):
    """GET, POST /api/v1/me/terms"""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="get_terms", responses={200: answers.TermsAnswer, **errors(401)})
    def get(self, request: Request) -> Response:
        found = terms.in_force()
        accepted = terms.accepted(signed_in(request))
        return Response(answers.terms(accepted, required=found.version, url=found.url))

    @extend_schema(
        operation_id="accept_terms",
        description="Only the version in force is taken; agreeing to it twice changes nothing.",
        request=TermsBody,
        responses={204: None, **errors(*BODY, 401)},
    )
    def post(self, request: Request) -> Response:
        terms.accept(
            signed_in(request),
            **TermsBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)
