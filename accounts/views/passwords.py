"""Passwords: change, and reset by mail."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import answers
from accounts.serializers.bodies import EmailBody, PasswordChangeBody, PasswordResetConfirmBody
from accounts.services import password_changes, password_links
from plinto.kernel import origin
from plinto.kernel.even import evenly
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class PasswordChangeView(APIView):
    """POST /api/v1/me/password"""

    permission_classes = [SignedIn]
    limited_as = "login"

    @extend_schema(
        operation_id="change_password",
        request=PasswordChangeBody,
        responses={204: None, **errors(*BODY, 401)},
    )
    def post(self, request: Request) -> Response:
        body = PasswordChangeBody.read(request)
        password_changes.change(
            signed_in(request),
            current=body["current_password"],
            new=body["new_password"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class PasswordResetView(APIView):
    """POST /api/v1/auth/password/reset"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "reset"

    @extend_schema(
        operation_id="request_password_reset",
        request=EmailBody,
        responses={202: answers.SentAnswer, **errors(*BODY)},
    )
    @evenly
    def post(self, request: Request) -> Response:
        body = EmailBody.read(request)
        password_links.request_reset(
            email=body["email"], origin=origin.of(request), now=timezone.now()
        )
        return Response({"status": "sent"}, status=202)


class PasswordResetConfirmView(APIView):
    """POST /api/v1/auth/password/reset/confirm"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "reset"

    @extend_schema(
        operation_id="confirm_password_reset",
        request=PasswordResetConfirmBody,
        responses={204: None, **errors(*BODY, 401)},
    )
    def post(self, request: Request) -> Response:
        body = PasswordResetConfirmBody.read(request)
        password_links.confirm(**body, origin=origin.of(request), now=timezone.now())
        return Response(status=204)
