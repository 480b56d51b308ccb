"""The trail of an organization, for members and programs that may read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import KeyHolder, SignedIn, caller_of
from accounts.rules.permissions import READ_AUDIT
from accounts.serializers import trail_answers
from accounts.serializers.trail_bodies import (
    FILTERS,
    TrailExportBody,
    filters,
    filters_in_query,
)
from accounts.services import organization_trail, organization_trail_exports
from audit.services.trail_exports import File
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.views import APIView

# How soon to ask again for an export that is still being written, in seconds.
_PATIENCE = "5"
# What each format is called by HTTP; JSON lines have no registered name.
_MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8; header=present"}


class TrailView(APIView):
    """GET /api/v1/organizations/{id}/audit"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"GET": READ_AUDIT}

    @extend_schema(
        operation_id="list_trail",
        description="Needs `audit:read`. What happened in the organization, newest first.",
        parameters=[*FILTERS, *PAGE],
        responses={200: trail_answers.TrailPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        found = organization_trail.listed(
            caller_of(request),
            organization_id,
            filters=filters_in_query(request),
            wanted=pages.requested(request.query_params),
            now=timezone.now(),
        )
        return Response(trail_answers.page(found))


class ProofView(APIView):
    """GET /api/v1/organizations/{id}/audit/{id}/proof"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"GET": READ_AUDIT}

    @extend_schema(
        operation_id="prove_trail_row",
        description=(
            "Needs `audit:read`. With the public keys of `/.well-known/audit-jwks.json` it proves "
            "that the row was signed as it stands. 409 `NOT_SIGNED_YET` for about a second after "
            "the act."
        ),
        responses={200: trail_answers.ProofAnswer, **errors(401, 403, 404, 409)},
    )
    def get(self, request: Request, organization_id: UUID, row_id: UUID) -> Response:
        proof = organization_trail.proof(
            caller_of(request), organization_id, row_id, now=timezone.now()
        )
        return Response(proof)


class TrailExportsView(APIView):
    """POST /api/v1/organizations/{id}/audit/export"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"POST": READ_AUDIT}

    @extend_schema(
        operation_id="request_trail_export",
        description=(
            "Needs `audit:read`. The worker writes the file, of everything that is signed by "
            "then; asking again for the same while it is written joins the first. Ten a day."
        ),
        request=TrailExportBody,
        responses={202: trail_answers.TrailExportAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        body = TrailExportBody.read(request)
        export = organization_trail_exports.request(
            caller_of(request),
            organization_id,
            format=body.pop("format"),
            filters=filters(body),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return _pending(trail_answers.pending(export))


class TrailExportView(APIView):
    """GET /api/v1/organizations/{id}/audit/export/{id}"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"GET": READ_AUDIT}

    @extend_schema(
        operation_id="take_trail_export",
        description=(
            "Needs `audit:read`, whoever asked for it. Answers 202 while it is being written, "
            "then the file, for seven days."
        ),
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
            202: trail_answers.TrailExportAnswer,
            **errors(401, 403, 404),
        },
    )
    def get(
        self, request: Request, organization_id: UUID, trail_export_id: UUID
    ) -> HttpResponseBase:
        found = organization_trail_exports.take(
            caller_of(request),
            organization_id,
            trail_export_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        if isinstance(found, File):
            return _file(found)
        return _pending(trail_answers.pending(found))


def _pending(told: dict[str, Any]) -> Response:
    return Response(told, status=202, headers={"Retry-After": _PATIENCE})


def _file(found: File) -> HttpResponseBase:
    export = found.export
    answer = StreamingHttpResponse(found.parts, content_type=_MEDIA[export.format])
    # With the length, an answer that breaks off is seen to be no whole file.
    answer["Content-Length"] = str(export.size)
    answer["Content-Disposition"] = f'attachment; filename="trail-{export.pk}.{export.format}"'
    return answer
