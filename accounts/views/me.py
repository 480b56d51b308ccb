"""The signed-in person."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import ProvedLately, SignedIn, signed_in
from accounts.serializers import answers, privacy_answers
from accounts.serializers.bodies import ProfileBody
from accounts.services import erasures, profiles
from plinto.kernel import origin
from plinto.kernel.answers import answer
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class MeView(APIView):
    """GET, PATCH, DELETE /api/v1/me"""

    permission_classes = [SignedIn]

    def get_permissions(self) -> list[BasePermission]:
        return [ProvedLately() if self.request.method == "DELETE" else SignedIn()]

    @extend_schema(operation_id="get_me", responses={200: answers.UserAnswer, **errors(401)})
    def get(self, request: Request) -> HttpResponse:
        who = signed_in(request)
        return answer(answers.user(who.user_id, who.person))

    @extend_schema(
        operation_id="update_me",
        request=ProfileBody,
        responses={200: answers.UserAnswer, **errors(*BODY, 401)},
    )
    def patch(self, request: Request) -> Response:
        fields = ProfileBody.read(request)
        who = signed_in(request)
        person = profiles.update(who, fields=fields, origin=origin.of(request), now=timezone.now())
        return Response(answers.user(who.user_id, person))

    @extend_schema(
        operation_id="erase_me",
        description="Every session ends. Signing in before `erase_at` calls it off.",
        responses={202: privacy_answers.ErasureAnswer, **errors(401, 403, 409)},
    )
    def delete(self, request: Request) -> Response:
        erase_at = erasures.request(
            signed_in(request), origin=origin.of(request), now=timezone.now()
        )
        return Response({"erase_at": erase_at}, status=202)
