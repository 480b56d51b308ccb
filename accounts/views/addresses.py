"""A person's address: another one, and the former one back."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import ProvedLately, signed_in
from accounts.serializers import answers
from accounts.serializers.bodies import EmailBody
from accounts.serializers.mail_bodies import MailedCodeBody, MailedLinkBody
from accounts.services import address_changes, address_undo
from plinto.kernel import origin
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import BODY, errors
from plinto.kernel.views import APIView


class AddressView(APIView):
    """POST /api/v1/me/email"""

    permission_classes = [ProvedLately]
    limited_as = "resend"

    @extend_schema(
        operation_id="request_email_change",
        request=EmailBody,
        responses={202: answers.SentAnswer, **errors(*BODY, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        body = EmailBody.read(request)
        address_changes.request(
            signed_in(request), **body, origin=origin.of(request), now=timezone.now()
        )
        return Response({"status": "sent"}, status=202)


class AddressConfirmView(APIView):
    """POST /api/v1/me/email/confirm"""

    permission_classes = [ProvedLately]
    limited_as = "verify"

    @extend_schema(
        operation_id="confirm_email_change",
        request=MailedCodeBody,
        responses={200: answers.UserAnswer, **errors(*BODY, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        body, who = MailedCodeBody.read(request), signed_in(request)
        person = address_changes.confirm(
            who, body["code"], origin=origin.of(request), now=timezone.now()
        )
        return Response(answers.user(who.user_id, person))


class AddressUndoView(APIView):
    """POST /api/v1/auth/email/undo"""

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "verify"

    @extend_schema(
        operation_id="undo_email_change",
        request=MailedLinkBody,
        responses={204: None, **errors(*BODY, 401, 409)},
    )
    def post(self, request: Request) -> Response:
        body = MailedLinkBody.read(request)
        address_undo.undo(body["token"], origin=origin.of(request), now=timezone.now())
        return Response(status=204)
