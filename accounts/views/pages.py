"""
The pages that links in mails lead to, and the one where a sign-in elsewhere ends.

The secret of a link stands behind the # of its address, which browsers keep to themselves; the
page's script reads it and speaks to the API. The code that an identity provider's answer brings
stands in the query, works once, and only in the browser that began. Markup is the same for
everybody.
"""

from __future__ import annotations

from datetime import timedelta

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from accounts.rules import passwords
from accounts.services import password_links
from plinto.kernel.permissions import Anyone
from plinto.kernel.views import APIView

# No form is ever sent by the browser itself: that could put a password into an address.
_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF],
    "connect-src": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
    "require-trusted-types-for": ["'script'"],
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_CONTEXT = {
    "shortest": passwords.SHORTEST,
    "link_minutes": password_links.LIVES_FOR // timedelta(minutes=1),
}


@method_decorator(csp(_POLICY), name="dispatch")
class PageView(APIView):
    """
    GET /verify-email, /set-password, /reset-password, /magic-link, /undo-email, /accept-invitation,
    /signed-in
    """

    authentication_classes = []
    permission_classes = [Anyone]
    page = ""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002
        content = render_to_string(f"accounts/{self.page}.html", _CONTEXT)
        return HttpResponse(content, headers=_HEADERS)
