"""The connections of an organization, as its members manage them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import ProvedLately, ProvedLatelyToChange, SignedIn, signed_in
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from sso.serializers import connections as answers
from sso.serializers.connection_bodies import (
    MetadataBody,
    OIDCBody,
    OIDCChangeBody,
    SAMLBody,
    SAMLChangeBody,
)
from sso.services import connections

_CREATES = (
    "Needs `sso:write`, and all that the default role holds. The answer shows what to paste at the "
    "provider. Metadata that cannot be had or used are 422 `SSO_METADATA_ERROR`."
)
_CHANGES = (
    "Needs `sso:write`, and all that a new default role holds. Turning the connection off ends the "
    "sessions that came by it."
)
_DELETES = "Needs `sso:write`. The sessions that came by the connection end."

_TESTS: dict[str, Any] = {
    "description": (
        "Needs `sso:write`. Open the answer's address in a browser within ten minutes: it goes to "
        "the provider and back, and shows what each check found. Nobody is signed in."
    ),
    "request": None,
    "responses": {200: answers.TestAnswer, **errors(401, 403, 404, 409)},
}


class SAMLConnectionsView(APIView):
    """GET, POST /api/v1/organizations/{id}/sso/saml"""

    permission_classes = [ProvedLatelyToChange]
    protocol = "saml"

    @extend_schema(
        operation_id="list_saml_connections",
        description="Needs `sso:read`.",
        parameters=PAGE,
        responses={200: answers.SAMLPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        page = connections.listed(
            signed_in(request),
            organization_id,
            self.protocol,
            wanted=pages.requested(request.query_params),
            now=timezone.now(),
        )
        return Response({"results": [answers.saml(row) for row in page.rows], "next": page.next})

    @extend_schema(
        operation_id="create_saml_connection",
        description=_CREATES,
        request=SAMLBody,
        responses={201: answers.SAMLAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        made = connections.create(
            signed_in(request),
            organization_id,
            self.protocol,
            fields=SAMLBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.saml(made), status=201)


class SAMLConnectionView(APIView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}/sso/saml/{slug}"""

    permission_classes = [ProvedLatelyToChange]
    protocol = "saml"

    @extend_schema(
        operation_id="get_saml_connection",
        description="Needs `sso:read`.",
        responses={200: answers.SAMLAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, organization_id: UUID, slug: str) -> Response:
        found = connections.found(
            signed_in(request), organization_id, self.protocol, slug, now=timezone.now()
        )
        return Response(answers.saml(found))

    @extend_schema(
        operation_id="update_saml_connection",
        description=_CHANGES,
        request=SAMLChangeBody,
        responses={200: answers.SAMLAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, organization_id: UUID, slug: str) -> Response:
        changed = connections.update(
            signed_in(request),
            organization_id,
            self.protocol,
            slug,
            fields=SAMLChangeBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.saml(changed))

    @extend_schema(
        operation_id="delete_saml_connection",
        description=_DELETES,
        responses={204: None, **errors(401, 403, 404, 409)},
    )
    def delete(self, request: Request, organization_id: UUID, slug: str) -> Response:
        connections.delete(
            signed_in(request),
            organization_id,
            self.protocol,
            slug,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class SAMLMetadataView(APIView):
    """POST /api/v1/organizations/{id}/sso/saml/{slug}/metadata"""

    permission_classes = [ProvedLately]

    @extend_schema(
        operation_id="renew_saml_metadata",
        description=(
            "Needs `sso:write`. Takes other metadata of the same provider; without a body it asks "
            "`metadata_url` now, for five seconds at most. What was good stays if these are not."
        ),
        request=MetadataBody,
        responses={200: answers.SAMLAnswer, **errors(*BODY, 401, 403, 404)},
    )
    def post(self, request: Request, organization_id: UUID, slug: str) -> Response:
        renewed = connections.renew_metadata(
            signed_in(request),
            organization_id,
            slug,
            xml=MetadataBody.read(request).get("metadata_xml", ""),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.saml(renewed))


class OIDCConnectionsView(APIView):
    """GET, POST /api/v1/organizations/{id}/sso/oidc"""

    permission_classes = [ProvedLatelyToChange]
    protocol = "oidc"

    @extend_schema(
        operation_id="list_oidc_connections",
        description="Needs `sso:read`.",
        parameters=PAGE,
        responses={200: answers.OIDCPageAnswer, **errors(401, 403, 404, 422)},
    )
    def get(self, request: Request, organization_id: UUID) -> Response:
        page = connections.listed(
            signed_in(request),
            organization_id,
            self.protocol,
            wanted=pages.requested(request.query_params),
            now=timezone.now(),
        )
        return Response({"results": [answers.oidc(row) for row in page.rows], "next": page.next})

    @extend_schema(
        operation_id="create_oidc_connection",
        description=_CREATES,
        request=OIDCBody,
        responses={201: answers.OIDCAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def post(self, request: Request, organization_id: UUID) -> Response:
        made = connections.create(
            signed_in(request),
            organization_id,
            self.protocol,
            fields=OIDCBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.oidc(made), status=201)


class OIDCConnectionView(APIView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}/sso/oidc/{slug}"""

    permission_classes = [ProvedLatelyToChange]
    protocol = "oidc"

    @extend_schema(
        operation_id="get_oidc_connection",
        description="Needs `sso:read`.",
        responses={200: answers.OIDCAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, organization_id: UUID, slug: str) -> Response:
        found = connections.found(
            signed_in(request), organization_id, self.protocol, slug, now=timezone.now()
        )
        return Response(answers.oidc(found))

    @extend_schema(
        operation_id="update_oidc_connection",
        description=_CHANGES,
        request=OIDCChangeBody,
        responses={200: answers.OIDCAnswer, **errors(*BODY, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, organization_id: UUID, slug: str) -> Response:
        changed = connections.update(
            signed_in(request),
            organization_id,
            self.protocol,
            slug,
            fields=OIDCChangeBody.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(answers.oidc(changed))

    @extend_schema(
        operation_id="delete_oidc_connection",
        description=_DELETES,
        responses={204: None, **errors(401, 403, 404, 409)},
    )
    def delete(self, request: Request, organization_id: UUID, slug: str) -> Response:
        connections.delete(
            signed_in(request),
            organization_id,
            self.protocol,
            slug,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


class SAMLConnectionTestView(APIView):
    """POST /api/v1/organizations/{id}/sso/saml/{slug}/test"""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="test_saml_connection", **_TESTS)
    def post(self, request: Request, organization_id: UUID, slug: str) -> Response:
        now = timezone.now()
        test_url = connections.test(
            signed_in(request), organization_id, "saml", slug, origin=origin.of(request), now=now
        )
        return Response({"test_url": test_url})


class OIDCConnectionTestView(APIView):
    """POST /api/v1/organizations/{id}/sso/oidc/{slug}/test"""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="test_oidc_connection", **_TESTS)
    def post(self, request: Request, organization_id: UUID, slug: str) -> Response:
        now = timezone.now()
        test_url = connections.test(
            signed_in(request), organization_id, "oidc", slug, origin=origin.of(request), now=now
        )
        return Response({"test_url": test_url})
