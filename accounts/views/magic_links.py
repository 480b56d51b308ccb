"""Sign-in by a link in a mail."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.serializers import answers
from accounts.serializers.bodies import EmailBody
from accounts.serializers.mail_bodies import MailedLinkBody
from accounts.services import magic_links
from plinto.kernel import origin
from plinto.kernel.even import evenly
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class MagicLinkView(APIView):
    """POST /api/v1/auth/magic-link"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "magic_link"

    @extend_schema(
        operation_id="request_magic_link",
        request=EmailBody,
        responses={202: answers.SentAnswer, **errors(*BODY)},
    )
    @evenly
    def post(self, request: Request) -> Response:
        body = EmailBody.read(request)
        magic_links.request(**body, origin=origin.of(request), now=timezone.now())
        return Response({"status": "sent"}, status=202)


class MagicLinkVerifyView(APIView):
    """POST /api/v1/auth/magic-link/verify"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "magic_link"

    @extend_schema(
        operation_id="verify_magic_link",
        request=MailedLinkBody,
        responses={
            200: PolymorphicProxySerializer(
                "MagicLinkAnswer",
                [answers.SignedInAnswer, answers.FactorWantedAnswer],
                resource_type_field_name=None,
            ),
            **errors(*BODY, 401, 403),
        },
    )
    def post(self, request: Request) -> Response:
        body = MailedLinkBody.read(request)
        entry = magic_links.enter(body["token"], origin=origin.of(request), now=timezone.now())
        return Response(answers.entered(entry))
