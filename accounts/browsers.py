"""The cookie by which a browser is known again that went to an identity provider."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request

_TOKEN = re.compile(r"plb_[A-Za-z0-9_-]{43}\Z")
# As long as a sign-in at a provider may take, and what comes after it.
_SECONDS = 20 * 60


def cookie_name() -> str:
    """Name the cookie; with the prefix no other host of the domain can plant one (RFC 6265bis)."""
    is_safe = settings.PUBLIC_URL.startswith("https:")
    return "__Host-plinto_browser" if is_safe else "plinto_browser"


def token_of(request: HttpRequest | Request) -> str:
    """Return what the browser is known by; empty when it brings nothing of ours."""
    token = request.COOKIES.get(cookie_name(), "")
    return token if _TOKEN.match(token) else ""


def remember(response: HttpResponseBase, token: str) -> None:
    """Let the browser keep its token for as long as a sign-in may take."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=_SECONDS,
        path="/",
        secure=settings.PUBLIC_URL.startswith("https:"),
        httponly=True,
        # It must come along when the provider sends the browser back, which is another site.
        samesite="Lax",
    )
