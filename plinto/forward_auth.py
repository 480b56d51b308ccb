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

from django import db
from django.conf import settings
from django.utils import timezone
from structlog.contextvars import bind_contextvars, clear_contextvars

from accounts.forward_authentication import REFUSAL
from accounts.services import forward_auth
from plinto.kernel import database, logs, origin
from plinto.kernel.exceptions import PlintoException
from resilience import deadline
from resilience.traffic import name_of, traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/v1/auth/verify"
_ROUTE = name_of(PATH.removeprefix("/"))
_STATUS = "204 No Content"
_METHODS = {"GET", "HEAD"}
# What trusted proxies say of TLS; any other word is for Django to understand.
_SCHEMES = {None, "http", "https"}
_Headers = list[tuple[str, str]]


class ForwardAuthDoor:
    """Stands before ``django``, and answers in its place where the answer is plain."""

    def __init__(self, django: WSGIApplication) -> None:
        self._django = django
        # What answers of this path carry, whoever passes, by what says whether they came over TLS.
        self._usual: dict[tuple[str | None, str], _Headers] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or not _is_plain(environ):
            return self._django(environ, start_response)
        began = perf_counter()
        who = origin.of_environ(environ)
        scheme = environ.get("HTTP_X_FORWARDED_PROTO")
        if scheme not in _SCHEMES:
            return self._django(environ, start_response)
        kind = scheme, environ["wsgi.url_scheme"]
        usual = self._usual.get(kind)
        if usual is None:
            return self._django(environ, self._learning(kind, start_response))
        # For lines that the judgement may write; the one of the request is told by name.
        clear_contextvars()
        bind_contextvars(request_id=who.request_id)
        with deadline.budget(settings.REDIS_TIMEOUT * deadline.SHARE):
            passage = self._judged(environ)
            if passage is None:
                return self._django(environ, start_response)
        start_response(
            _STATUS, [*usual, ("X-Request-ID", who.request_id), *passage.headers.items()]
        )
        seconds, method = perf_counter() - began, environ["REQUEST_METHOD"]
        logs.answered(
            method,
            PATH,
            status=204,
            seconds=seconds,
            address=who.address,
            bound={"request_id": who.request_id, **passage.named},
        )
        traffic.count(method, _ROUTE, status=204, seconds=seconds)
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
            database.give_back()

    def _learning(
        self, kind: tuple[str | None, str], start_response: StartResponse
    ) -> StartResponse:
        def start(status: str, headers: _Headers, *rest: Any) -> Callable[[bytes], object]:
            if status == _STATUS:
                self._usual[kind] = [
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
        # The address for monitoring has no such page.
        and environ.get("plinto.is_private") is not True
    )
