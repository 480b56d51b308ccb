"""What a person may ask of their data: all of it, and an end of it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import ProvedLately, signed_in
from accounts.serializers import privacy_answers
from accounts.services import data_exports
from accounts.services.data_exports import Pending
from plinto.kernel import origin
from plinto.kernel.schema import BODY, errors
from plinto.kernel.serializers import Body
from plinto.kernel.views import APIView

# How soon to ask again for an export that is still being written, in seconds.
_PATIENCE = "5"


class ExportsView(APIView):
    """POST /api/v1/me/export"""

    permission_classes = [ProvedLately]

    @extend_schema(
        operation_id="request_export",
        request=None,
        responses={202: privacy_answers.ExportRequestedAnswer, **errors(*BODY, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        Body.read(request)
        export = data_exports.request(
            signed_in(request), origin=origin.of(request), now=timezone.now()
        )
        return _pending(export)


class ExportView(APIView):
    """GET /api/v1/me/export/{id}"""

    permission_classes = [ProvedLately]

    @extend_schema(
        operation_id="take_export",
        description="Answers 202 while it is being written, and hands it out once.",
        responses={
            200: privacy_answers.ExportAnswer,
            202: privacy_answers.ExportRequestedAnswer,
            **errors(401, 403, 404),
        },
    )
    def get(self, request: Request, export_id: UUID) -> HttpResponse:
        taken = data_exports.take(
            signed_in(request), export_id, origin=origin.of(request), now=timezone.now()
        )
        if isinstance(taken, Pending):
            return _pending(taken)
        answer = HttpResponse(taken, content_type="application/json")
        answer["Content-Disposition"] = 'attachment; filename="export.json"'
        return answer


def _pending(export: Pending) -> Response:
    told = {"id": export.id, "status": "pending", "requested_at": export.requested_at}
    return Response(told, status=202, headers={"Retry-After": _PATIENCE})
