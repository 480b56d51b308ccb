"""The connections of an organization, as its members manage them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.permissions import ProvedLately, ProvedLatelyToChange, SignedIn, signed_in
from plinto.kernel import origin, pages
from plinto.kernel.schema import BODY, PAGE, errors
from plinto.kernel.serializers import Body
from plinto.kernel.views import APIView
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


@dataclass(frozen=True, slots=True)
class _Kind:
    """What differs between protocols: what is sent to make or change one, and what is answered."""

    protocol: str
    body: type[Body]
    change: type[Body]
    shown: Callable[[Any], dict[str, Any]]
    answer: type[Serializer[Any]]
    page: type[Serializer[Any]]


_SAML = _Kind(
    "saml", SAMLBody, SAMLChangeBody, answers.saml, answers.SAMLAnswer, answers.SAMLPageAnswer
)
_OIDC = _Kind(
    "oidc", OIDCBody, OIDCChangeBody, answers.oidc, answers.OIDCAnswer, answers.OIDCPageAnswer
)


def _of_all(kind: _Kind) -> Callable[[type[APIView]], type[APIView]]:
    """Describe the list of the connections over a protocol, and making one."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"list_{kind.protocol}_connections",
            description="Needs `sso:read`.",
            parameters=PAGE,
            responses={200: kind.page, **errors(401, 403, 404, 422)},
        ),
        post=extend_schema(
            operation_id=f"create_{kind.protocol}_connection",
            description=_CREATES,
            request=kind.body,
            responses={201: kind.answer, **errors(*BODY, 401, 403, 404, 409)},
        ),
    )


def _of_one(kind: _Kind) -> Callable[[type[APIView]], type[APIView]]:
    """Describe what is done with one connection over a protocol."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"get_{kind.protocol}_connection",
            description="Needs `sso:read`.",
            responses={200: kind.answer, **errors(401, 403, 404)},
        ),
        patch=extend_schema(
            operation_id=f"update_{kind.protocol}_connection",
            description=_CHANGES,
            request=kind.change,
            responses={200: kind.answer, **errors(*BODY, 401, 403, 404, 409)},
        ),
        delete=extend_schema(
            operation_id=f"delete_{kind.protocol}_connection",
            description=_DELETES,
            responses={204: None, **errors(401, 403, 404, 409)},
        ),
    )


class _ConnectionsView(APIView):
    permission_classes = [ProvedLatelyToChange]
    kind: ClassVar[_Kind]

    def get(self, request: Request, organization_id: UUID) -> Response:
        page = connections.listed(
            signed_in(request),
            organization_id,
            self.kind.protocol,
            wanted=pages.requested(request.query_params),
            now=timezone.now(),
        )
        found = [self.kind.shown(row) for row in page.rows]
        return Response({"results": found, "next": page.next})

    def post(self, request: Request, organization_id: UUID) -> Response:
        made = connections.create(
            signed_in(request),
            organization_id,
            self.kind.protocol,
            fields=self.kind.body.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(self.kind.shown(made), status=201)


class _ConnectionView(APIView):
    permission_classes = [ProvedLatelyToChange]
    kind: ClassVar[_Kind]

    def get(self, request: Request, organization_id: UUID, slug: str) -> Response:
        found = connections.found(
            signed_in(request), organization_id, self.kind.protocol, slug, now=timezone.now()
        )
        return Response(self.kind.shown(found))

    def patch(self, request: Request, organization_id: UUID, slug: str) -> Response:
        changed = connections.update(
            signed_in(request),
            organization_id,
            self.kind.protocol,
            slug,
            fields=self.kind.change.read(request),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(self.kind.shown(changed))

    def delete(self, request: Request, organization_id: UUID, slug: str) -> Response:
        connections.delete(
            signed_in(request),
            organization_id,
            self.kind.protocol,
            slug,
            origin=origin.of(request),
            now=timezone.now(),
        )
        return Response(status=204)


@_of_all(_SAML)
class SAMLConnectionsView(_ConnectionsView):
    """GET, POST /api/v1/organizations/{id}/sso/saml"""

    permission_classes = [ProvedLatelyToChange]
    kind = _SAML


@_of_one(_SAML)
class SAMLConnectionView(_ConnectionView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}/sso/saml/{slug}"""

    permission_classes = [ProvedLatelyToChange]
    kind = _SAML


@_of_all(_OIDC)
class OIDCConnectionsView(_ConnectionsView):
    """GET, POST /api/v1/organizations/{id}/sso/oidc"""

    permission_classes = [ProvedLatelyToChange]
    kind = _OIDC


@_of_one(_OIDC)
class OIDCConnectionView(_ConnectionView):
    """GET, PATCH, DELETE /api/v1/organizations/{id}/sso/oidc/{slug}"""

    permission_classes = [ProvedLatelyToChange]
    kind = _OIDC


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
