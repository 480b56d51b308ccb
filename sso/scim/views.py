"""
The doors of SCIM: read what is sent, make one call, answer.

They are described by /Schemas and /ResourceTypes, as their standard has it, and not by the OpenAPI
document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from plinto.kernel import origin
from plinto.kernel.exceptions import NotFoundError
from plinto.kernel.parsers import StrictJSONParser
from plinto.kernel.renderers import JSONRenderer
from plinto.kernel.views import APIView
from sso.scim import documents, groups, lists, reading, users
from sso.scim.authentication import Provisions, ScimAuthentication, provisioner_of
from sso.scim.errors import MEDIA_TYPE
from sso.scim.kinds import Group, Person
from sso.scim.reading import ScimParser
from sso.services import scim_groups, scim_users


class ScimRenderer(JSONRenderer):
    """JSON under the name that SCIM gives it."""

    media_type = MEDIA_TYPE


class ScimView(APIView):
    """What all of them have in common; each says itself who may come in."""

    authentication_classes = [ScimAuthentication]
    parser_classes: list[type[BaseParser]] = [ScimParser, StrictJSONParser]
    renderer_classes = [ScimRenderer]
    permission_classes = [Provisions]
    limited_as = "scim"
    schema = None


class DiscoveryView(ScimView):
    """GET /scim/v2/ServiceProviderConfig"""

    permission_classes = [Provisions]

    def get(self, request: Request) -> Response:  # noqa: ARG002
        return Response(documents.service())


class ResourceTypesView(ScimView):
    """GET /scim/v2/ResourceTypes, /scim/v2/ResourceTypes/{name}"""

    permission_classes = [Provisions]

    def get(self, request: Request, resource_type: str = "") -> Response:  # noqa: ARG002
        return _documents(documents.resource_types(), resource_type)


class SchemasView(ScimView):
    """GET /scim/v2/Schemas, /scim/v2/Schemas/{urn}"""

    permission_classes = [Provisions]

    def get(self, request: Request, scim_schema: str = "") -> Response:  # noqa: ARG002
        return _documents(documents.schemas(), scim_schema)


class SearchView(ScimView):
    """POST /scim/v2/.search"""

    permission_classes = [Provisions]

    def post(self, request: Request) -> Response:
        asked = reading.asked(Person | Group, reading.mapping(request.data))
        return Response(lists.of_all(provisioner_of(request), asked))


class UsersView(ScimView):
    """GET, POST /scim/v2/Users"""

    permission_classes = [Provisions]

    def get(self, request: Request) -> Response:
        asked = reading.asked(Person, request.query_params)
        return Response(lists.of(provisioner_of(request), Person, asked))

    def post(self, request: Request) -> Response:
        wanted = reading.shown(Person, request.query_params)
        row = scim_users.create(
            provisioner_of(request),
            users.read(request.data),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return _one(users.told([row], wanted)[0], row.version, users.location(row.pk), status=201)


class UserSearchView(ScimView):
    """POST /scim/v2/Users/.search"""

    permission_classes = [Provisions]

    def post(self, request: Request) -> Response:
        asked = reading.asked(Person, reading.mapping(request.data))
        return Response(lists.of(provisioner_of(request), Person, asked))


class UserView(ScimView):
    """GET, PUT, PATCH, DELETE /scim/v2/Users/{id}"""

    permission_classes = [Provisions]

    def get(self, request: Request, resource_id: UUID) -> Response:
        wanted = reading.shown(Person, request.query_params)
        row = scim_users.get(provisioner_of(request), resource_id)
        if _is_known(request, row.version):
            return Response(status=304, headers=_headers(row.version, users.location(row.pk)))
        return _one(users.told([row], wanted)[0], row.version, users.location(row.pk))

    def put(self, request: Request, resource_id: UUID) -> Response:
        wanted, body = reading.shown(Person, request.query_params), request.data
        row = scim_users.change(
            provisioner_of(request),
            resource_id,
            lambda row: users.read(body, was=row),
            **_told(request),
        )
        return _one(users.told([row], wanted)[0], row.version, users.location(row.pk))

    def patch(self, request: Request, resource_id: UUID) -> Response:
        operations = reading.patch(Person, request.data)
        wanted = reading.shown(Person, request.query_params)
        row = scim_users.change(
            provisioner_of(request),
            resource_id,
            lambda row: users.patched(row, operations),
            **_told(request),
        )
        return _one(users.told([row], wanted)[0], row.version, users.location(row.pk))

    def delete(self, request: Request, resource_id: UUID) -> Response:
        scim_users.delete(
            provisioner_of(request),
            resource_id,
            **_told(request),
        )
        return Response(status=204)


class GroupsView(ScimView):
    """GET, POST /scim/v2/Groups"""

    permission_classes = [Provisions]

    def get(self, request: Request) -> Response:
        asked = reading.asked(Group, request.query_params)
        return Response(lists.of(provisioner_of(request), Group, asked))

    def post(self, request: Request) -> Response:
        wanted = reading.shown(Group, request.query_params)
        row = scim_groups.create(
            provisioner_of(request),
            groups.read(request.data, is_new=True),
            origin=origin.of(request),
            now=timezone.now(),
        )
        told = groups.told([row], wanted)[0]
        return _one(told, row.version, groups.location(row.pk), status=201)


class GroupSearchView(ScimView):
    """POST /scim/v2/Groups/.search"""

    permission_classes = [Provisions]

    def post(self, request: Request) -> Response:
        asked = reading.asked(Group, reading.mapping(request.data))
        return Response(lists.of(provisioner_of(request), Group, asked))


class GroupView(ScimView):
    """GET, PUT, PATCH, DELETE /scim/v2/Groups/{id}"""

    permission_classes = [Provisions]

    def get(self, request: Request, group_id: UUID) -> Response:
        wanted = reading.shown(Group, request.query_params)
        row = scim_groups.get(provisioner_of(request), group_id)
        if _is_known(request, row.version):
            return Response(status=304, headers=_headers(row.version, groups.location(row.pk)))
        return _one(groups.told([row], wanted)[0], row.version, groups.location(row.pk))

    def put(self, request: Request, group_id: UUID) -> Response:
        wanted = reading.shown(Group, request.query_params)
        described = groups.read(request.data, is_new=False)
        row = scim_groups.change(
            provisioner_of(request),
            group_id,
            lambda _: described,
            **_told(request),
        )
        return _one(groups.told([row], wanted)[0], row.version, groups.location(row.pk))

    def patch(self, request: Request, group_id: UUID) -> Response:
        """Answer 204 unless attributes are asked for: the group may have thousands of members."""
        operations = reading.patch(Group, request.data)
        wanted = reading.shown(Group, request.query_params)
        row = scim_groups.change(
            provisioner_of(request),
            group_id,
            lambda row: groups.patched(row, operations),
            **_told(request),
        )
        where = groups.location(row.pk)
        if wanted.attributes or wanted.excluded_attributes:
            return _one(groups.told([row], wanted)[0], row.version, where)
        return Response(status=204, headers=_headers(row.version, where))

    def delete(self, request: Request, group_id: UUID) -> Response:
        scim_groups.delete(
            provisioner_of(request),
            group_id,
            **_told(request),
        )
        return Response(status=204)


def _told(request: Request) -> dict[str, Any]:
    """What every change is told besides what it changes."""
    return {
        "seen": reading.seen(request.headers, "If-Match"),
        "origin": origin.of(request),
        "now": timezone.now(),
    }


def _documents(known: Mapping[str, dict[str, Any]], name: str) -> Response:
    if not name:
        return Response(lists.page(list(known.values()), total=len(known)))
    by_name = {each.lower(): shown for each, shown in known.items()}
    if name.lower() not in by_name:
        raise NotFoundError(reason="no such document")
    return Response(by_name[name.lower()])


def _one(told: dict[str, Any], version: int, location: str, *, status: int = 200) -> Response:
    return Response(told, status=status, headers=_headers(version, location))


def _headers(version: int, location: str) -> dict[str, str]:
    return {"ETag": f'W/"{version}"', "Location": location}


def _is_known(request: Request, version: int) -> bool:
    is_same = reading.seen(request.headers, "If-None-Match")
    return is_same is not None and is_same(version)
