"""What the doors of single sign-on have in common: plain pages, and refusals that tell nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from plinto.kernel import origin
from plinto.kernel.permissions import Anyone
from plinto.kernel.schema import Error
from plinto.kernel.views import APIView
from sso.services import refusals
from sso.services.connections_found import Protocol

POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}
_SAID = {
    400: "It cannot be accepted; the page says so in one sentence.",
    403: "The provider, or the organization, does not let the person in.",
    404: "There is no such connection, or it is off.",
    429: "Too many came; `Retry-After` says when to begin again.",
    503: "The provider or the database does not answer; `Retry-After` says when to begin again.",
}
_UNSAFE = ("post", "put", "patch", "delete")
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@method_decorator(csp(POLICY), name="dispatch")
class DoorView(APIView):
    """
    A door that browsers and providers come to; whatever is refused there becomes a page.

    ``takes_foreign_posts`` is for the few whose POST comes from a provider's site, which has no
    token of ours; what they prove is in the document.
    """

    authentication_classes = []
    permission_classes = [Anyone]
    limited_as = "sso"
    protocol: ClassVar[Protocol]
    takes_foreign_posts: ClassVar[bool] = False
    refuses_by_itself: ClassVar[bool] = True

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        # REST framework exempts all of its views. One that changes nothing refuses by 405.
        is_harmless = not any(hasattr(cls, method) for method in _UNSAFE)
        view.csrf_exempt = cls.takes_foreign_posts or is_harmless
        return view

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refused_body = getattr(request, "refused_body", None)
        if refused_body is not None:
            raise refused_body

    def handle_exception(  # type: ignore[override]
        self, error: Exception
    ) -> Response | HttpResponse:
        page = refusals.page_of(
            error,
            slug=self.kwargs.get("slug", ""),
            protocol=self.protocol,
            origin=origin.of(self.request),
        )
        return super().handle_exception(error) if page is None else refused(self.request, page)


def refusals_of(*statuses: int) -> dict[Any, OpenApiResponse]:
    """
    Document the pages by which a door refuses; 404, 429 and 503 are always among them.

    An address whose slug is none leads to no door, and says so in the one JSON shape.
    """
    told = {
        (status, "text/html"): OpenApiResponse(OpenApiTypes.STR, description=_SAID[status])
        for status in sorted({*statuses, 404, 429, 503})
    }
    return {**told, **nowhere()}


def nowhere() -> dict[Any, OpenApiResponse]:
    """Document what an address answers whose slug is none."""
    return {(404, "application/json"): OpenApiResponse(Error, description=_SAID[404])}


def shown(request: Request, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page of single sign-on, with the request's id on it."""
    context["request_id"] = origin.of(request).request_id
    content = render_to_string(f"sso/{template}.html", context)
    return HttpResponse(content, status=status, headers=PRIVATE)


def refused(request: Request, page: refusals.Page) -> HttpResponse:
    """Render what a person is told of a refusal."""
    response = shown(request, "refused", status=page.status, word=str(page.word))
    if page.retry_after is not None:
        response["Retry-After"] = str(page.retry_after)
    return response


def sent_to(location: str) -> HttpResponse:
    """Send the browser on with a GET, keeping what stands in the address to itself."""
    return HttpResponse(status=303, headers={**PRIVATE, "Location": location})
