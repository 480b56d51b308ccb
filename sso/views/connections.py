"""The connections of an organization, as its members manage them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.permissions import ProvedLately, ProvedLatelyToChange, SignedIn, signed_in
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.serializers import Body
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


def _of_all(
    protocol: str, *, body: type[Body], answer: type[Serializer[Any]], page: type[Serializer[Any]]
) -> Callable[[type[APIView]], type[APIView]]:
    """Describe the list of the connections over a protocol, and making one."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"list_{protocol}_connections",
            description="Needs `sso:read`.",
            parameters=PAGE,
            responses={200: page, **errors(401, 403, 404, 422)},
        ),
        post=extend_schema(
            operation_id=f"create_{protocol}_connection",
            description=_CREATES,
            request=body,
            responses={201: answer, **errors(*BODY, 401, 403, 404, 409)},
        ),
    )


def _of_one(
    protocol: str, *, body: type[Body], answer: type[Serializer[Any]]
) -> Callable[[type[APIView]], type[APIView]]:
    """Describe what is done with one connection over a protocol."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"get_{protocol}_connection",
            description="Needs `sso:read`.",
            responses={200: answer, **errors(401, 403, 404)},
        ),
        patch=extend_schema(
            operation_id=f"update_{protocol}_connection",
            description=_CHANGES,
            request=body,
            responses={200: answer, **errors(*BODY, 401, 403, 404, 409)},
        ),
        delete=extend_schema(
            operation_id=f"delete_{protocol}_connection",
            description=_DELETES,
            responses={204: None, **errors(401, 403, 404, 409)},
        ),
    )


class _View(APIView):
    """Of one protocol: which it is, what is sent to make or change one, and how one is shown."""

    permission_classes = [ProvedLatelyToChange]
    protocol: ClassVar[str]
    body: ClassVar[type[Body]]

    @staticmethod
    def shown(found: Any) -> dict[str, Any]:
        """Show a connection as its answer has it."""
        raise NotImplementedError


class _ConnectionsView(_View):
    permission_classes = [ProvedLatelyToChange]

    def get(self, request: Request, organization_id: UUID) -> Response:
        page = connections.listed(
            signed_in(request),
            organization_id,
            self.protocol,
            wanted=pages.requested(request.query_params),
            now=timezone.now(),
        )
        found = [self.shown(row) for row in page.rows]
        return Response({"results": found, "next": page.next})

    def post(self, request: Request, organization_id: UUID) -> Response:
        made = connections.create(
            signed_in(request),
            organization_id,
            self.protocol,
            fields=self.body.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(self.shown(made), status=201)


class _ConnectionView(_View):
    permission_classes = [ProvedLatelyToChange]

    def get(self, request: Request, organization_id: UUID, slug: str) -> Response:
        found = connections.found(
            signed_in(request), organization_id, self.protocol, slug, now=timezone.now()
        )
        return Response(self.shown(found))

    def patch(self, request: Request, organization_id: UUID, slug: str) -> Response:
        changed = connections.update(
            signed_in(request),
            organization_id,
            self.protocol,
            slug,
            fields=self.body.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(self.shown(changed))

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


@_of_all("saml", body=SAMLBody, answer=answers.SAMLAnswer, page=answers.SAMLPageAnswer)
class SAMLConnectionsView(_ConnectionsView):
    """GET, POST /api/v1/organizations/{id}/sso/saml"""

    permission_classes = [ProvedLatelyToChange]
    protocol, body, shown = "saml", SAMLBody, staticmethod(answers.saml)


@_of_one("saml", body=SAMLChangeBody, answer=answers.SAMLAnswer)
class SAMLConnectionView(_ConnectionView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}/sso/saml/{slug}"""

    permission_classes = [ProvedLatelyToChange]
    protocol, body, shown = "saml", SAMLChangeBody, staticmethod(answers.saml)


@_of_all("oidc", body=OIDCBody, answer=answers.OIDCAnswer, page=answers.OIDCPageAnswer)
class OIDCConnectionsView(_ConnectionsView):
    """GET, POST /api/v1/organizations/{id}/sso/oidc"""

    permission_classes = [ProvedLatelyToChange]
    protocol, body, shown = "oidc", OIDCBody, staticmethod(answers.oidc)


@_of_one("oidc", body=OIDCChangeBody, answer=answers.OIDCAnswer)
class OIDCConnectionView(_ConnectionView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}/sso/oidc/{slug}"""

    permission_classes = [ProvedLatelyToChange]
    protocol, body, shown = "oidc", OIDCChangeBody, staticmethod(answers.oidc)


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
