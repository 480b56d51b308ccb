"""Sign-up."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.serializers import answers
from accounts.serializers.bodies import EmailBody, RegisterBody, VerifyEmailBody
from accounts.services import registrations, verification
from accounts.services.verification import ClientProof
from plinto.kernel import origin
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class RegisterView(APIView):
    """POST /api/v1/auth/register"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "register"

    @extend_schema(
        operation_id="register",
        request=RegisterBody,
        responses={202: answers.RegisteredAnswer, **errors(*BODY)},
    )
    def post(self, request: Request) -> Response:
        body = RegisterBody.read(request)
        handle = registrations.register(**body, origin=origin.of(request), now=timezone.now())
        return Response({"status": "verification_sent", "registration": handle}, status=202)


class VerifyEmailView(APIView):
    """POST /api/v1/auth/verify-email"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "verify"

    @extend_schema(
        operation_id="verify_email",
        request=VerifyEmailBody,
        responses={
            200: PolymorphicProxySerializer(
                "VerifyEmailAnswer",
                [answers.SignedInAnswer, answers.FactorWantedAnswer, answers.VerifiedAnswer],
                resource_type_field_name=None,
            ),
            **errors(*BODY, 401, 403),
        },
    )
    def post(self, request: Request) -> Response:
        body = VerifyEmailBody.read(request)
        client = ClientProof(handle=body["registration"], password=body["password"])
        who, now = origin.of(request), timezone.now()
        if "token" in body:
            entry = verification.by_token(body["token"], client=client, origin=who, now=now)
        else:
            entry = verification.by_code(
                body["email"], body["code"], client=client, origin=who, now=now
            )
        return Response(answers.entered(entry) if entry else {"status": "verified"})


class ResendView(APIView):
    """POST /api/v1/auth/verify-email/resend"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "resend"

    @extend_schema(
        operation_id="resend_verification",
        request=EmailBody,
        responses={202: answers.SentAnswer, **errors(*BODY)},
    )
    def post(self, request: Request) -> Response:
        body = EmailBody.read(request)
        registrations.resend(email=body["email"], origin=origin.of(request), now=timezone.now())
        return Response({"status": "sent"}, status=202)
