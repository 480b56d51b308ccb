"""
Django's handler for WSGI, shorter where a program asks.

Before and after each request Django sends signals, and writes headers through their interface;
together that takes a tenth of a request of the API. Here whoever hears those signals is called by
name (``tests/kernel/test_handler.py`` compares), and a connection to the database is back in its
pool before the answer is sent.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http.response import HttpResponseBase

from plinto.kernel import database
from plinto.kernel.branches import is_api
from resilience.postgres import patience

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Handler(WSGIHandler):
    """Answers programs the short way; pages, and answers in pieces, go Django's way."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        if not is_api(environ["PATH_INFO"]):
            return super().__call__(environ, start_response)
        patience.begin()
        response: Any = self.get_response(WSGIRequest(environ))
        _start(start_response, response)
        if response.streaming:
            # Closing it sends the signal that ends the request.
            response._handler_class = type(self)
            return response
        content = [response.content]
        _end(response)
        return content


def _start(start_response: StartResponse, response: HttpResponseBase) -> None:
    # Each header as Django keeps it, already checked and encoded.
    headers = list(response.headers._store.values())
    headers.extend(("Set-Cookie", each.OutputString()) for each in response.cookies.values())
    start_response(f"{response.status_code} {response.reason_phrase}", headers)


def _end(response: Any) -> None:
    """Do what closing an answer does, but for the signal."""
    for close in response._resource_closers:
        with suppress(Exception):
            close()
    response._resource_closers.clear()
    response.closed = True
    database.give_back()
    patience.end()
