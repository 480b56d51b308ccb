"""Trying a connection in a browser: out to the provider, and what was found."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from accounts import browsers
from plinto.kernel.permissions import Anyone
from sso.services import connection_tests, oidc_sign_in, saml_sign_in
from sso.services.connections_found import Protocol
from sso.views import pages
from sso.views.saml import sent_out


class SAMLTestView(pages.DoorView):
    """GET /sso/saml/{slug}/test"""

    permission_classes = [Anyone]
    protocol = Protocol.SAML

    @extend_schema(exclude=True)
    def get(self, request: Request, slug: str) -> HttpResponse:
        ticket, now = request.query_params.get("ticket", ""), timezone.now()
        connection, tester_id = connection_tests.asked(slug, self.protocol, ticket, now=now)
        departure = saml_sign_in.sent(
            connection,
            redirect_uri="",
            browser=browsers.token_of(request),
            tester_id=tester_id,
            now=now,
        )
        response = sent_out(request, departure.outgoing)
        browsers.remember(response, departure.browser)
        return response


class OIDCTestView(pages.DoorView):
    """GET /sso/oidc/{slug}/test"""

    permission_classes = [Anyone]
    protocol = Protocol.OIDC

    @extend_schema(exclude=True)
    def get(self, request: Request, slug: str) -> HttpResponse:
        ticket, now = request.query_params.get("ticket", ""), timezone.now()
        connection, tester_id = connection_tests.asked(slug, self.protocol, ticket, now=now)
        begun = oidc_sign_in.sent(
            connection,
            redirect_uri="",
            browser=browsers.token_of(request),
            tester_id=tester_id,
            now=now,
        )
        response = pages.sent_to(begun.location)
        browsers.remember(response, begun.browser)
        return response


class _FindingsView(pages.DoorView):
    permission_classes = [Anyone]

    @extend_schema(exclude=True)
    def get(self, request: Request, slug: str, sign_in_id: UUID) -> HttpResponse:
        found = connection_tests.found(
            slug, sign_in_id, browser=browsers.token_of(request), now=timezone.now()
        )
        return pages.shown(request, "tested", found=found)


class SAMLFindingsView(_FindingsView):
    """GET /sso/saml/{slug}/test/{id}"""

    permission_classes = [Anyone]
    protocol = Protocol.SAML


class OIDCFindingsView(_FindingsView):
    """GET /sso/oidc/{slug}/test/{id}"""

    permission_classes = [Anyone]
    protocol = Protocol.OIDC
