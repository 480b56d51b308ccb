"""What the doors of single sign-on have in common: plain pages, and refusals that tell nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plinto.kernel import origin
from plinto.kernel.permissions import Anyone
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
        # REST framework exempts all of its views.
        view.csrf_exempt = cls.takes_foreign_posts
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
