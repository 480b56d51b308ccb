"""The outermost layer: origin, request id, body limit, one line per request, one error shape."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import Resolver404, resolve

from plinto.kernel import logs, origin, problems
from plinto.kernel.answers import prepared, put, say
from plinto.kernel.exceptions import MethodNotAllowedError, PayloadTooLargeError

_UNLESS_SAID = prepared([("Cache-Control", "no-store")])


class RequestMiddleware:
    """Give each request an id and an origin, and each answer the id and the shape."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        who = origin.prepare(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=who.request_id)
        response = self._answer(request)
        say(response, "X-Request-ID", who.request_id)
        put(response, _UNLESS_SAID)
        path = request.path
        if not path.startswith(("/health/", "/metrics")):
            logs.answered(
                request.method,
                path,
                status=response.status_code,
                seconds=time.perf_counter() - began,
                address=who.address,
            )
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            _bound_body(request, most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        except PayloadTooLargeError as error:
            if not _has_own_refusals(request):
                return problems.answer(request, error)
            request.refused_body = error  # type: ignore[attr-defined]
            request.META["CONTENT_LENGTH"], request._stream = "0", BytesIO()
        response = self._get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = [method.strip() for method in response["Allow"].split(",")]
            return problems.answer(request, MethodNotAllowedError(allowed=allowed))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer what a plain Django view refuses; the unexpected goes on to ``handler500``."""
        if problems.refusal_from(error).status_code == 500:
            return None
        return problems.answer(request, error)


def _has_own_refusals(request: HttpRequest) -> bool:
    """
    Tell whether the view says ``refuses_by_itself``, because people or the trail must be told.

    It is called without the body, counted as ever, and finds the refusal in ``refused_body``.
    """
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return getattr(getattr(view, "cls", None), "refuses_by_itself", False)


def _bound_body(request: HttpRequest, *, most: int) -> None:
    """
    Refuse a body over ``most`` bytes before anything parses it.

    A chunked body announces no length, and Django would read it as empty; it is read here up to
    the bound and handed on with its length.
    """
    announced = request.META.get("CONTENT_LENGTH") or ""
    if announced.isdigit():
        if int(announced) > most:
            raise PayloadTooLargeError
        return
    if "chunked" not in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    body = request.META["wsgi.input"].read(most + 1)
    if len(body) > most:
        raise PayloadTooLargeError
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)
