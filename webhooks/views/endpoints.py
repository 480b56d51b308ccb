"""The endpoints of an organization, as its members and programs with a key manage them."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import KeyHolder, SignedIn, caller_of
from accounts.rules.permissions import READ_WEBHOOKS, WRITE_WEBHOOKS
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.views import APIView
from webhooks.serializers import deliveries
from webhooks.serializers import endpoints as answers
from webhooks.serializers.endpoints import EndpointBody, EndpointChangeBody
from webhooks.services import endpoints


class EndpointsView(APIView):
    """GET, POST /api/v1/organizations/{id}/webhooks"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"GET": READ_WEBHOOKS, "POST": WRITE_WEBHOOKS}

    @extend_schema(
        operation_id="list_endpoints",
        description="Needs `webhooks:read`.",
        parameters=PAGE,
        responses={200: answers.EndpointPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        wanted = pages.requested(request.query_params)
        page = endpoints.listed(
            caller_of(request), organization_id, wanted=wanted, now=timezone.now()
        )
        return Response(
            {"results": [answers.endpoint(row) for row in page.rows], "next": page.next}
        )

    @extend_schema(
        operation_id="create_endpoint",
        description=(
            "Needs `webhooks:write`. The endpoint is told of what happens from now on; what "
            "happened seconds ago may be among it. The answer shows its secret, once."
        ),
        request=EndpointBody,
        responses={201: answers.IssuedEndpointAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        issued = endpoints.create(
            caller_of(request),
            organization_id,
            fields=EndpointBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.issued(issued), status=201)


class EndpointView(APIView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}/webhooks/{id}"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"GET": READ_WEBHOOKS, "PATCH": WRITE_WEBHOOKS, "DELETE": WRITE_WEBHOOKS}

    @extend_schema(
        operation_id="get_endpoint",
        description="Needs `webhooks:read`.",
        responses={200: answers.EndpointAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        found = endpoints.found(
            caller_of(request), organization_id, endpoint_id, now=timezone.now()
        )
        return Response(answers.endpoint(found))

    @extend_schema(
        operation_id="update_endpoint",
        description=(
            "Needs `webhooks:write`. While an endpoint is paused nothing is sent and nothing is "
            "lost: what happens meanwhile is told when it goes on."
        ),
        request=EndpointChangeBody,
        responses={200: answers.EndpointAnswer, **errors(*BODY, 401, 403, 404)},
    )
    def patch(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        changed = endpoints.update(
            caller_of(request),
            organization_id,
            endpoint_id,
            fields=EndpointChangeBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.endpoint(changed))

    @extend_schema(
        operation_id="delete_endpoint",
        description="Needs `webhooks:write`. What is still to be sent is not sent any more.",
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        endpoints.delete(
            caller_of(request),
            organization_id,
            endpoint_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class EndpointEnableView(APIView):
    """POST /api/v1/organizations/{id}/webhooks/{id}/enable"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"POST": WRITE_WEBHOOKS}

    @extend_schema(
        operation_id="enable_endpoint",
        description="Needs `webhooks:write`. A paused endpoint goes on where it stopped.",
        request=None,
        responses={200: answers.EndpointAnswer, **errors(401, 403, 404)},
    )
    def post(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        enabled = endpoints.enable(
            caller_of(request),
            organization_id,
            endpoint_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.endpoint(enabled))


class EndpointRotateView(APIView):
    """POST /api/v1/organizations/{id}/webhooks/{id}/rotate-secret"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"POST": WRITE_WEBHOOKS}

    @extend_schema(
        operation_id="rotate_endpoint_secret",
        description=(
            "Needs `webhooks:write`. For 24 hours messages carry the signatures of the new and of "
            "the former secret; the one before that signs no more."
        ),
        request=None,
        responses={200: answers.IssuedEndpointAnswer, **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        issued = endpoints.rotate_secret(
            caller_of(request),
            organization_id,
            endpoint_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.issued(issued))


class EndpointTestView(APIView):
    """POST /api/v1/organizations/{id}/webhooks/{id}/test"""

    permission_classes = [SignedIn | KeyHolder]
    key_scopes = {"POST": WRITE_WEBHOOKS}
    limited_as = "webhook"

    @extend_schema(
        operation_id="send_test_event",
        description=(
            "Needs `webhooks:write`. Sends a message of the type `webhook.test` to this endpoint "
            "alone; how it went is in the list of deliveries."
        ),
        request=None,
        responses={202: deliveries.DeliveryAnswer, **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID, endpoint_id: UUID) -> Response:
        sent = endpoints.test(
            caller_of(request),
            organization_id,
            endpoint_id,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(deliveries.delivery(sent), status=202)
