"""
The two branches of the middleware: the API, and pages of browsers.

Sessions, forms, messages, static files and policies for scripts are a browser's. A request of the
API needs none of them, so its branch is one comparison and headers that were prepared at the start
by the very middleware that pages pass; what it answers carries the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from plinto.kernel.answers import Prepared, prepared, put

Answering = Callable[[HttpRequest], HttpResponseBase]

_API = ("/api/", "/scim/", "/health/", "/metrics", "/.well-known/")
# The documentation that people read is a page below the API's prefix.
_PAGES = ("/api/v1/docs",)

_OF_PAGES = (
    CSPMiddleware,
    SessionMiddleware,
    CsrfViewMiddleware,
    AuthenticationMiddleware,
    MessageMiddleware,
    XFrameOptionsMiddleware,
)


def is_api(path: str) -> bool:
    """Tell whether a path is for programs, so that no middleware of pages is needed."""
    return path.startswith(_API) and not path.startswith(_PAGES)


def security_headers(*, is_secure: bool) -> Prepared:
    """Return the headers that the middleware of pages puts on any answer, ready for ``put``."""
    answer = HttpResponse()
    del answer["Content-Type"]
    scheme = "https" if is_secure else "http"
    request = WSGIRequest(
        {"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "wsgi.url_scheme": scheme}
    )
    for middleware in (XFrameOptionsMiddleware, CSPMiddleware, SecurityMiddleware):
        # Asked for the answer alone: what they do with requests is not for a prepared one.
        middleware(lambda _: answer).process_response(request, answer)
    return prepared(answer.headers.items())


class HeadersMiddleware:
    """Redirects to https, answers for static files, and puts the security headers on."""

    def __init__(self, get_response: Answering) -> None:
        self._get_response = get_response
        self._security = SecurityMiddleware(get_response)
        self._pages = _chained((SecurityMiddleware, WhiteNoiseMiddleware), get_response)[0]
        self._plain = security_headers(is_secure=False)
        # Only HSTS differs, and telling by which scheme a request came costs more than a header.
        self._secure = security_headers(is_secure=True) if settings.SECURE_HSTS_SECONDS else None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_api(request.path_info):
            return self._pages(request)
        redirect = self._security.process_request(request) if self._security.redirect else None
        response = redirect or self._get_response(request)
        put(response, self._secure if self._secure and request.is_secure() else self._plain)
        return response


class PagesMiddleware:
    """Sessions, forms, messages and the policy for scripts: passed by on the API's branch."""

    def __init__(self, get_response: Answering) -> None:
        self._get_response = get_response
        self._pages, chain = _chained(_OF_PAGES, get_response)
        self._views = [each.process_view for each in chain if hasattr(each, "process_view")]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request.path_info):
            return self._get_response(request)
        return self._pages(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Judge a form before its view; a view that a cookie opens is judged on either branch."""
        if getattr(view, "csrf_exempt", False) and is_api(request.path_info):
            return None
        for judge in self._views:
            response: HttpResponseBase | None = judge(request, view, args, kwargs)
            if response is not None:
                return response
        return None


def _chained(classes: Iterable[Any], innermost: Answering) -> tuple[Answering, list[Any]]:
    """Build middleware as Django does: each sees an answer where the one below it raised."""
    made: list[Any] = []
    answering: Any = innermost
    for each in reversed(tuple(classes)):
        made.append(each(answering))
        answering = convert_exception_to_response(made[-1])
    return answering, made[::-1]
