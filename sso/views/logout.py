"""Signing out here and at the identity provider."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from plinto.kernel import origin
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView
from sso.serializers import logout as shown
from sso.services import logout


class LogoutView(APIView):
    """POST /api/v1/auth/sso/logout"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="sso_logout",
        request=shown.LogoutBody,
        responses={200: shown.LogoutAnswer, **errors(*BODY, 401)},
    )
    def post(self, request: Request) -> Response:
        body = shown.LogoutBody.read(request)
        url = logout.leave(
            signed_in(request),
            redirect_uri=body["redirect_uri"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response({"logout_url": url})
