"""
The short way of forward auth: ``GET /api/v1/auth/verify``, answered below Django's handler.

A proxy asks it about every request of every application behind it, so what is ordinary, somebody
who may pass, is answered here. No rule stands here: ``accounts.services.forward_auth`` judges, the
middlewares' own functions give the request its id, origin, budget, line in the log and place in the
metrics, and the headers of every answer are those that Django gave the first one. Whatever else
there is to say, refusals above all, Django's view of the same path says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import structlog
from django import db
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.urls import resolve
from django.utils import timezone

from accounts.forward_authentication import REFUSAL
from accounts.services import forward_auth
from plinto.kernel import middleware, origin
from plinto.kernel.exceptions import PlintoException
from resilience import deadline
from resilience.operators import came_privately
from resilience.traffic import traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/v1/auth/verify"
_STATUS = "204 No Content"
_METHODS = {"GET", "HEAD"}
_Headers = list[tuple[str, str]]


class ForwardAuthDoor:
    """Stands before ``django``, and answers in its place where the answer is plain."""

    def __init__(self, django: WSGIApplication) -> None:
        self._django = django
        # What answers of this path carry, whoever passes, by whether they came over TLS.
        self._usual: dict[bool, _Headers] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH or not _is_plain(environ):
            return self._django(environ, start_response)
        began = perf_counter()
        request: Any = WSGIRequest(environ)
        who = origin.prepare(request)
        if came_privately(request):
            return self._django(environ, start_response)
        is_secure = request.is_secure()
        usual = self._usual.get(is_secure)
        if usual is None:
            return self._django(environ, self._learning(is_secure, start_response))
        with deadline.budget(settings.REDIS_TIMEOUT * deadline.SHARE):
            passage = self._judged(environ)
            if passage is None:
                return self._django(environ, start_response)
        start_response(
            _STATUS, [*usual, ("X-Request-ID", who.request_id), *passage.headers.items()]
        )
        request.resolver_match = resolve(PATH)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=who.request_id, **passage.named)
        middleware.tell(request, status=204, began=began)
        traffic.note(request, status=204, seconds=perf_counter() - began)
        return ()

    def _judged(self, environ: WSGIEnvironment) -> forward_auth.Passage | None:
        """Ask who may pass; a refusal is left in ``environ`` for Django's view to raise."""
        try:
            return forward_auth.judge(
                environ.get("HTTP_AUTHORIZATION", ""),
                environ.get("QUERY_STRING", ""),
                now=timezone.now(),
            )
        except (PlintoException, db.Error) as refusal:
            environ[REFUSAL] = refusal
            return None
        finally:
            # Rows may have been asked; the connection goes back to the pool.
            db.close_old_connections()

    def _learning(self, is_secure: bool, start_response: StartResponse) -> StartResponse:  # noqa: FBT001
        def start(status: str, headers: _Headers, *rest: Any) -> Callable[[bytes], object]:
            if status == _STATUS:
                self._usual[is_secure] = [
                    (name, text)
                    for name, text in headers
                    if name != "X-Request-ID" and not name.startswith("X-Plinto-")
                ]
            return start_response(status, headers, *rest)

        return start


def _is_plain(environ: WSGIEnvironment) -> bool:
    """Tell whether a request is a question without a body, as proxies ask it."""
    return (
        environ["REQUEST_METHOD"] in _METHODS
        and environ.get("CONTENT_LENGTH", "") in ("", "0")
        and "HTTP_TRANSFER_ENCODING" not in environ
    )
