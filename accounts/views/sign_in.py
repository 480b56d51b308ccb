"""Sign-in, going on, proving again and sign-out."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import SignedIn, signed_in
from accounts.serializers import answers
from accounts.serializers.bodies import LoginBody, ReauthenticateBody, RefreshBody
from accounts.services import own_sessions, session_refresh, sign_in
from plinto.kernel import handed_on, origin
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.serializers import Body
from plinto.kernel.views import APIView


class LoginView(APIView):
    """POST /api/v1/auth/login"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "login"

    @extend_schema(
        operation_id="login",
        request=LoginBody,
        responses={
            200: PolymorphicProxySerializer(
                "LoginAnswer",
                [answers.SignedInAnswer, answers.FactorWantedAnswer],
                resource_type_field_name=None,
            ),
            **errors(*BODY, 401, 403),
        },
    )
    def post(self, request: Request) -> Response:
        body = LoginBody.read(request)
        entry = sign_in.with_password(**body, origin=origin.of(request), now=timezone.now())
        return Response(answers.entered(entry))


class RefreshView(APIView):
    """POST /api/v1/auth/token/refresh; ``plinto.refresh`` answers most of it without Django."""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "refresh"

    @extend_schema(
        operation_id="refresh_tokens",
        request=RefreshBody,
        responses={200: answers.SignedInAnswer, **errors(*BODY, 401)},
    )
    def post(self, request: Request) -> Response:
        handed_on.raise_refusal(request)
        body = RefreshBody.read(request)
        entry = session_refresh.with_refresh_token(
            body["refresh"], origin=origin.of(request), now=timezone.now()
        )
        return Response(answers.signed_in(entry))


class ReauthenticateView(APIView):
    """POST /api/v1/auth/reauthenticate"""

    permission_classes = [SignedIn]
    limited_as = "login"

    @extend_schema(
        operation_id="reauthenticate",
        request=ReauthenticateBody,
        responses={204: None, **errors(*BODY, 401)},
    )
    def post(self, request: Request) -> Response:
        body = ReauthenticateBody.read(request)
        sign_in.again(signed_in(request), **body, origin=origin.of(request), now=timezone.now())
        return Response(status=204)


class LogoutView(APIView):
    """POST /api/v1/auth/logout"""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="logout", request=None, responses={204: None, **errors(401)})
    def post(self, request: Request) -> Response:
        Body.read(request)
        who = signed_in(request)
        own_sessions.end_one(
            who.user_id,
            session_id=who.session_id,
            actor=who.actor,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class LogoutAllView(APIView):
    """POST /api/v1/auth/logout/all"""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="logout_all", request=None, responses={204: None, **errors(401)})
    def post(self, request: Request) -> Response:
        Body.read(request)
        who = signed_in(request)
        own_sessions.end_own(
            who.user_id,
            reason="signed out everywhere",
            actor=who.actor,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)
