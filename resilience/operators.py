"""Who may see what only operators may: the holder of the health token, or a private address."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from plinto.kernel import problems
from plinto.kernel.exceptions import NotFoundError


def has_health_token(request: HttpRequest | Request) -> bool:
    """Tell whether the request carries ``HEALTH_TOKEN``; without one set, none does."""
    expected = f"Bearer {settings.HEALTH_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode()
    # Compared in constant time: an early exit would tell the token byte by byte.
    return bool(settings.HEALTH_TOKEN) and hmac.compare_digest(given, expected)


def came_privately(request: HttpRequest | Request) -> bool:
    """
    Tell whether the request came in through ``METRICS_BIND``.

    The server says by which of its listening sockets. Host, forwarding headers and whatever else
    a client writes have no say: no header can get the name of this key, which has a dot in it.
    """
    return settings.METRICS_BIND is not None and request.META.get("plinto.is_private") is True


class PrivateAddressMiddleware:
    """
    Serve nothing but metrics and health pages at ``METRICS_BIND``.

    It is opened to monitoring networks, which have no business with sign-in or the admin site.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if settings.METRICS_BIND is None:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_for_operators = request.path_info.startswith(("/metrics", "/health/"))
        if not is_for_operators and came_privately(request):
            return problems.answer(request, NotFoundError())
        return self._get_response(request)
