"""The second step of a sign-in, and a person's own second factors."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import ProvedLately, SignedIn, signed_in
from accounts.serializers import answers, factor_answers
from accounts.serializers.bodies import CodeBody, SecondStepBody
from accounts.services import second_factors, second_step
from accounts.services.factor_codes import Answer
from plinto.kernel import origin
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.serializers import Body
from plinto.kernel.views import APIView


class SecondStepView(APIView):
    """POST /api/v1/auth/login/mfa"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "mfa"

    @extend_schema(
        operation_id="login_mfa",
        request=SecondStepBody,
        responses={200: answers.SignedInAnswer, **errors(*BODY, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        body = SecondStepBody.read(request)
        token = body.pop("mfa_token")
        entry = second_step.with_factor(
            token, Answer(**body), origin=origin.of(request), now=timezone.now()
        )
        return Response(answers.signed_in(entry))


class FactorsView(APIView):
    """GET /api/v1/me/mfa"""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="get_factors",
        responses={200: factor_answers.FactorsAnswer, **errors(401)},
    )
    def get(self, request: Request) -> Response:
        return Response(factor_answers.factors(second_factors.of(signed_in(request).user_id)))


class AppView(APIView):
    """POST, DELETE /api/v1/me/mfa/totp"""

    permission_classes = [ProvedLately]

    @extend_schema(
        operation_id="begin_totp",
        request=None,
        responses={200: factor_answers.EnrolmentAnswer, **errors(*BODY, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        Body.read(request)
        begun = second_factors.begin(
            signed_in(request), origin=origin.of(request), now=timezone.now()
        )
        return Response(factor_answers.enrolment(begun))

    @extend_schema(operation_id="remove_totp", responses={204: None, **errors(401, 403, 404)})
    def delete(self, request: Request) -> Response:
        second_factors.remove(signed_in(request), origin=origin.of(request), now=timezone.now())
        return Response(status=204)


class AppConfirmView(APIView):
    """POST /api/v1/me/mfa/totp/confirm"""

    permission_classes = [ProvedLately]
    limited_as = "mfa"

    @extend_schema(
        operation_id="confirm_totp",
        request=CodeBody,
        responses={200: factor_answers.RecoveryCodesAnswer, **errors(*BODY, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        body = CodeBody.read(request)
        codes = second_factors.confirm(
            signed_in(request), body["code"], origin=origin.of(request), now=timezone.now()
        )
        return Response({"recovery_codes": codes})


class RecoveryCodesView(APIView):
    """POST /api/v1/me/mfa/recovery-codes"""

    permission_classes = [ProvedLately]

    @extend_schema(
        operation_id="renew_recovery_codes",
        request=None,
        responses={200: factor_answers.RecoveryCodesAnswer, **errors(*BODY, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        Body.read(request)
        codes = second_factors.renew(
            signed_in(request), origin=origin.of(request), now=timezone.now()
        )
        return Response({"recovery_codes": codes})
