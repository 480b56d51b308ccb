"""What every request is given: a budget of Redis time, and its place within the rate limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from plinto.kernel import problems
from plinto.kernel.answers import say
from plinto.kernel.exceptions import RateLimitError
from resilience import deadline
from resilience.throttling import Meter, attach, policy_of


class LimitsMiddleware:
    """
    Counts requests and tells clients what is left to them (draft-ietf-httpapi-ratelimit-headers).

    It stands below WhiteNoise, so files cost nobody anything, and above whatever reads a session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with deadline.budget(settings.REDIS_TIMEOUT * deadline.SHARE):
            response = self._get_response(request)
            # A path that does not exist has no view.
            meter = getattr(request, "meter", None) or attach(request, policy_of(None))
            if not meter.is_counted:
                response = _refused(request, meter) or response
        _tell(meter, response)
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],  # noqa: ARG002
        kwargs: dict[str, Any],  # noqa: ARG002
    ) -> HttpResponseBase | None:
        """Count a plain Django view before it runs; REST framework counts its own."""
        match = request.resolver_match
        meter = attach(request, policy_of(view, app=match.app_name if match else ""))
        return None if hasattr(view, "cls") else _refused(request, meter)


def _refused(request: HttpRequest, meter: Meter) -> HttpResponse | None:
    try:
        meter.count_stranger()
    except (RateLimitError, DatabaseTrouble) as error:
        return problems.answer(request, error)
    return None


def _tell(meter: Meter, response: HttpResponseBase) -> None:
    for name, value in meter.headers():
        say(response, name, value)
