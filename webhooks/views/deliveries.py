"""What was sent to an endpoint, and sending it once more."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import KeyHolder, SignedIn, caller_of
from accounts.rules.permissions import READ_WEBHOOKS, WRITE_WEBHOOKS
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.views import APIView
from webhooks.serializers import deliveries as answers
from webhooks.serializers.deliveries import RedeliverBody
from webhooks.services import log

_FILTERS = [
    OpenApiParameter("state", str, enum=answers.STATES, description="Only those in this state."),
    OpenApiParameter("type", str, description="Only those of this type, such as `user.created`."),
]


class DeliveriesView(APIView):
    """GET /api/v1/organizations/{id}/webhooks/{id}/deliveries"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"GET": READ_WEBHOOKS}

    @extend_schema(
        operation_id="list_deliveries",
        description="Needs `webhooks:read`.",
        parameters=[*PAGE, *_FILTERS],
        responses={200: answers.DeliveryPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        page = log.listed(
            caller_of(request),
            organization_id,
            endpoint_id,
            wanted=pages.requested(request.query_params),
            **answers.asked(request.query_params),
            now=timezone.now(),
        )
        return Response(
            {"results": [answers.delivery(row) for row in page.rows], "next": page.next}
        )


class RedeliverView(APIView):
    """POST /api/v1/organizations/{id}/webhooks/{id}/deliveries/{id}/redeliver"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"POST": WRITE_WEBHOOKS}
    limited_as = "webhook"

    @extend_schema(
        operation_id="redeliver",
        description=(
            "Needs `webhooks:write`. Sends it from the start of the schedule, with the same "
            "`webhook-id`."
        ),
        request=None,
        responses={202: answers.DeliveryAnswer, **errors(401, 403, 404, 409)},
    )
    def post(
        self, request: Request, organization_id: UUID, endpoint_id: UUID, delivery_id: UUID
    ) -> Response:
        sent = log.redeliver(
            caller_of(request),
            organization_id,
            endpoint_id,
            delivery_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.delivery(sent), status=202)


class RedeliverFailedView(APIView):
    """POST /api/v1/organizations/{id}/webhooks/{id}/redeliver"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"POST": WRITE_WEBHOOKS}
    limited_as = "webhook"

    @extend_schema(
        operation_id="redeliver_failed",
        description=(
            "Needs `webhooks:write`. Sends once more what was given up since a moment, 5,000 at a "
            "time: ask again while `has_more` is true."
        ),
        request=RedeliverBody,
        responses={202: answers.RedeliveredAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        sent = log.redeliver_failed(
            caller_of(request),
            organization_id,
            endpoint_id,
            since=RedeliverBody.read(request)["since"],
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.redelivered(sent), status=202)
