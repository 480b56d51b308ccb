"""The doors of SAML connections; browsers and providers come to them."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from accounts import browsers
from plinto.kernel import origin
from plinto.kernel.parsers import StrictFormParser
from plinto.kernel.permissions import Anyone
from sso.protocols.saml.incoming import Incoming
from sso.protocols.saml.outgoing import Outgoing
from sso.serializers import forms
from sso.services import saml_logout, saml_sign_in
from sso.services.connections_found import Protocol
from sso.views import pages

_FORM = "application/x-www-form-urlencoded"
_TO_PROVIDER = OpenApiResponse(description="To the identity provider.")


def _page(what: str) -> dict[tuple[int, str], OpenApiResponse]:
    return {(200, "text/html"): OpenApiResponse(OpenApiTypes.STR, description=what)}


class MetadataView(pages.DoorView):
    """GET /sso/saml/{slug}/metadata"""

    permission_classes = [Anyone]
    protocol = Protocol.SAML

    @extend_schema(
        operation_id="get_saml_metadata",
        responses={
            (200, "application/samlmetadata+xml"): OpenApiResponse(OpenApiTypes.STR),
            **pages.refusals_of(),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:  # noqa: ARG002
        content = saml_sign_in.metadata(slug, now=timezone.now())
        headers = {"Cache-Control": "public, max-age=3600"}
        return HttpResponse(content, content_type="application/samlmetadata+xml", headers=headers)


class LoginView(pages.DoorView):
    """GET /sso/saml/{slug}/login"""

    permission_classes = [Anyone]
    protocol = Protocol.SAML

    @extend_schema(
        operation_id="begin_saml",
        parameters=[
            OpenApiParameter(
                "redirect_uri",
                description="Where the browser ends; one that is registered, exactly.",
            ),
            OpenApiParameter("prompt", description="`login`: the person proves themselves anew."),
        ],
        responses={
            303: _TO_PROVIDER,
            **_page("A form that goes to the identity provider."),
            **pages.refusals_of(400),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        departure = saml_sign_in.depart(
            slug,
            redirect_uri=request.query_params.get("redirect_uri", ""),
            is_proof_wanted=request.query_params.get("prompt") == "login",
            browser=browsers.token_of(request),
            now=timezone.now(),
        )
        response = sent_out(request, departure.outgoing)
        browsers.remember(response, departure.browser)
        return response


class _PostedView(pages.DoorView):
    """A door to which a provider's page posts a form."""

    permission_classes = [Anyone]
    parser_classes = [StrictFormParser]
    protocol = Protocol.SAML
    takes_foreign_posts: ClassVar[bool] = True


class AcsView(_PostedView):
    """GET, POST /sso/saml/{slug}/acs"""

    permission_classes = [Anyone]

    @extend_schema(
        operation_id="post_saml_response",
        request={_FORM: forms.SAMLResponseForm},
        responses={
            303: OpenApiResponse(description="To the same address, with a handle, as a GET."),
            **pages.refusals_of(400, 403),
        },
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        form: Any = request.data
        location = saml_sign_in.post(
            slug,
            response=form.get("SAMLResponse", ""),
            relay_state=form.get("RelayState", ""),
            now=timezone.now(),
        )
        return pages.sent_to(location)

    @extend_schema(
        operation_id="return_from_saml",
        parameters=[OpenApiParameter("handle", description="From the redirect of the post.")],
        responses={
            303: OpenApiResponse(description="To `redirect_uri`, with a `code` to exchange."),
            **pages.refusals_of(400, 403),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        back = saml_sign_in.arrive(
            slug,
            request.query_params.get("handle", ""),
            browser=browsers.token_of(request),
            now=timezone.now(),
        )
        response = pages.sent_to(back.location)
        browsers.remember(response, back.browser)
        return response


class SlsView(_PostedView):
    """GET, POST /sso/saml/{slug}/sls"""

    permission_classes = [Anyone]

    @extend_schema(
        operation_id="post_saml_logout",
        request={_FORM: forms.SAMLLogoutForm},
        responses={
            303: _TO_PROVIDER,
            **_page("A form that goes to the provider, or the end."),
            **pages.refusals_of(400),
        },
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        form: Any = request.data
        is_request = "SAMLRequest" in form
        outcome = saml_logout.take(
            slug,
            Incoming(form_value=form.get("SAMLRequest" if is_request else "SAMLResponse", "")),
            is_request=is_request,
            relay_state=form.get("RelayState", ""),
            origin=origin.of(request),
            now=timezone.now(),
        )
        return _gone(request, outcome)

    @extend_schema(
        operation_id="get_saml_logout",
        parameters=[
            OpenApiParameter(name)
            for name in ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "out")
        ],
        responses={
            303: OpenApiResponse(description="To the identity provider, or on."),
            **_page("A form that goes to the provider, or the end."),
            **pages.refusals_of(400),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        asked, now = request.query_params, timezone.now()
        if "out" in asked:
            return _gone(request, saml_logout.form(slug, asked["out"], now=now))
        outcome = saml_logout.take(
            slug,
            # The signature is over the octets of the address.
            Incoming(query=request.META.get("QUERY_STRING", "")),
            is_request="SAMLRequest" in asked,
            relay_state=asked.get("RelayState", ""),
            origin=origin.of(request),
            now=now,
        )
        return _gone(request, outcome)


def _gone(request: Request, outcome: Outgoing | str) -> HttpResponse:
    if isinstance(outcome, Outgoing):
        return sent_out(request, outcome)
    return pages.sent_to(outcome) if outcome else pages.shown(request, "signed_out")


def sent_out(request: Request, outgoing: Outgoing) -> HttpResponse:
    """Send the browser to the provider, by an address or by a form that sends itself."""
    if not outgoing.is_form:
        return pages.sent_to(outgoing.url)
    response = pages.shown(request, "forward", url=outgoing.url, fields=outgoing.fields)
    parts = urlsplit(outgoing.url)
    # Not 'self': the form goes to the provider and nowhere else.
    response._csp_replace = {"form-action": [f"{parts.scheme}://{parts.netloc}"]}  # type: ignore[attr-defined]
    return response
