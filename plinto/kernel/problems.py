"""
Exception to answer: the only place that knows both.

DRF's exception handler, the middleware and Django's error handlers all end here, so every door
of the house refuses in one shape. Where a standard prescribes another one, its paths have it too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from django import db
from django.core import exceptions as django_exceptions
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as drf

from plinto.kernel import database, origin
from plinto.kernel.exceptions import (
    AuthenticationError,
    AuthorizationError,
    DatabaseBusyError,
    InternalError,
    MalformedRequestError,
    MethodNotAllowedError,
    NotFoundError,
    PayloadTooLargeError,
    PlintoAPIException,
    PlintoException,
    PlintoServiceException,
    PlintoSSOException,
    RateLimitError,
    ServiceUnavailableError,
    UnsupportedMediaTypeError,
    ValidationError,
)

log = structlog.get_logger(__name__)

Refusal = PlintoAPIException | PlintoSSOException


@dataclass(frozen=True, slots=True)
class Told:
    """How a refusal is told below a prefix that has a shape of its own."""

    status: int
    media_type: str
    body: dict[str, Any]


_shapes: dict[str, Callable[[Refusal], Told]] = {}

# Seconds a client is told to wait when a dependency is down; recovery is probed more often.
RETRY_AFTER = 2

# PostgreSQL reports a read-only server and a terminated idle transaction as internal errors.
_DATABASE_GONE = (db.OperationalError, db.InterfaceError, db.InternalError)

# SQLSTATE of a table and of a column that are not there: the code runs ahead of its migrations.
_NOT_MIGRATED = frozenset({"42P01", "42703"})


def refusal_from(error: BaseException) -> Refusal:
    """Name the public refusal for any exception; what is not recognised is an internal error."""
    if isinstance(error, PlintoAPIException | PlintoSSOException):
        return error
    if isinstance(error, drf.APIException):
        return _from_drf(error)
    if isinstance(error, _DATABASE_GONE) or _is_ahead_of_schema(error):
        kind = DatabaseBusyError if database.is_busy(error) else ServiceUnavailableError
        return kind(retry_after=RETRY_AFTER, reason=f"database: {error}")
    if isinstance(error, PlintoServiceException):
        return ServiceUnavailableError(retry_after=RETRY_AFTER, reason=error.reason or str(error))
    return _from_django(error)


def _is_ahead_of_schema(error: BaseException) -> bool:
    is_about_sql = isinstance(error, db.ProgrammingError)
    return is_about_sql and getattr(error.__cause__, "sqlstate", None) in _NOT_MIGRATED


def _from_django(error: BaseException) -> Refusal:
    if isinstance(error, Http404):
        return NotFoundError()
    if isinstance(error, django_exceptions.PermissionDenied):
        return AuthorizationError(reason=str(error))
    if isinstance(error, django_exceptions.RequestDataTooBig):
        return PayloadTooLargeError()
    if isinstance(
        error,
        django_exceptions.SuspiciousOperation | django_exceptions.BadRequest | MultiPartParserError,
    ):
        return MalformedRequestError(reason=repr(error))
    return InternalError(reason=repr(error))


def _from_drf(error: drf.APIException) -> Refusal:
    if isinstance(error, drf.ValidationError):
        return ValidationError(fields=_flatten(error.detail))
    if isinstance(error, drf.ParseError):
        return MalformedRequestError(reason=str(error.detail))
    if isinstance(error, drf.NotAuthenticated | drf.AuthenticationFailed):
        return AuthenticationError(reason=str(error.detail))
    if isinstance(error, drf.PermissionDenied):
        return AuthorizationError(reason=str(error.detail))
    if isinstance(error, drf.NotFound):
        return NotFoundError()
    if isinstance(error, drf.UnsupportedMediaType):
        return UnsupportedMediaTypeError()
    if isinstance(error, drf.Throttled):
        return RateLimitError(retry_after=int(getattr(error, "wait", None) or 1))
    return InternalError(reason=repr(error))


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Turn DRF's nested error lists into ``{"dotted.path": ["..."]}``."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            flat |= _flatten(inner, f"{path}.{name}" if path else str(name))
        return flat
    if isinstance(detail, list):
        if all(isinstance(entry, str) for entry in detail):
            return {path or "body": [str(entry) for entry in detail]}
        return _flatten(dict(enumerate(detail)), path)
    return {path or "body": [str(detail)]}


def shape_below(prefix: str, shape: Callable[[Refusal], Told]) -> None:
    """Let every refusal below a path be told in a shape that its standard prescribes."""
    _shapes[prefix] = shape


@dataclass(frozen=True, slots=True)
class Rendered:
    """A refusal as it goes out, whoever sends it."""

    status: int
    media_type: str
    body: bytes
    headers: dict[str, str]


def answer(request: HttpRequest, error: BaseException) -> HttpResponse:
    """
    Render any exception as the one error shape, or as RFC 9457 when the caller asks for it, or as
    the standard says that has this path.
    """
    found = rendered(
        error,
        path=request.path,
        accept=request.META.get("HTTP_ACCEPT", ""),
        request_id=origin.of(request).request_id,
    )
    response = HttpResponse(found.body, content_type=found.media_type, status=found.status)
    for name, value in found.headers.items():
        response[name] = value
    return response


def rendered(error: BaseException, *, path: str, accept: str, request_id: str) -> Rendered:
    """Say what ``answer`` answers, for who stands below Django's requests; it is logged here."""
    refusal = refusal_from(error)
    told = _told(refusal, path=path, accept=accept, request_id=request_id)
    log.log(
        30 if refusal.status_code >= 500 else 20,
        "request.refused",
        error=refusal.error_code,
        status=refusal.status_code,
        reason=refusal.reason,
    )
    return Rendered(told.status, told.media_type, orjson.dumps(told.body), _headers(refusal))


def _told(refusal: Refusal, *, path: str, accept: str, request_id: str) -> Told:
    for prefix, shape in _shapes.items():
        if path.startswith(prefix):
            return shape(refusal)
    if "application/problem+json" in accept:
        body = _rfc9457(refusal, request_id)
        return Told(refusal.status_code, "application/problem+json", body)
    body = {**refusal.to_dict(), "request_id": request_id}
    return Told(refusal.status_code, "application/json", body)


def _rfc9457(refusal: Refusal, request_id: str) -> dict[str, Any]:
    return {
        "type": f"urn:plinto:error:{refusal.error_code}",
        "title": type(refusal).default_message,
        "status": refusal.status_code,
        "detail": refusal.message,
        "instance": f"urn:plinto:request:{request_id}",
        "error": refusal.error_code,
        "details": refusal.details,
    }


def _headers(refusal: Refusal) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if isinstance(refusal, PlintoAPIException) and refusal.challenge:
        headers["WWW-Authenticate"] = refusal.challenge
    elif refusal.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, RateLimitError | ServiceUnavailableError):
        headers["Retry-After"] = str(refusal.retry_after)
    if isinstance(refusal, MethodNotAllowedError):
        headers["Allow"] = ", ".join(refusal.allowed)
    return headers


def drf_exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's ``EXCEPTION_HANDLER``; None lets Django log the traceback and call ``handler500``."""
    if isinstance(error, drf.MethodNotAllowed):
        error = MethodNotAllowedError(allowed=context["view"].allowed_methods)
    if isinstance(refusal_from(error), InternalError) and not isinstance(error, PlintoException):
        return None
    return answer(context["request"]._request, error)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler400``."""
    return answer(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler403``."""
    return answer(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Django's ``handler404``; its exception names the URL table, which callers need not see."""
    return answer(request, NotFoundError())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``: the exception in flight decides between 500 and 503."""
    return answer(request, sys.exc_info()[1] or InternalError())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's ``CSRF_FAILURE_VIEW``."""
    return answer(
        request,
        AuthorizationError("The form has expired. Reload the page, then try again.", reason=reason),
    )
