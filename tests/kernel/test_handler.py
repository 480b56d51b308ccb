"""The short handler hears nothing less than Django's, and answers the same."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started

from plinto.handler import Handler

pytestmark = pytest.mark.django_db

# Called by name in plinto/handler.py, but for the last: there is one URL table to go back to.
KNOWN = {
    "resilience.postgres.patience.begin",
    "resilience.postgres.patience.end",
    "django.db.close_old_connections",
    "django.core.handlers.base.reset_urlconf",
}


def heard() -> set[str]:
    receivers = [
        reference()
        for signal in (request_started, request_finished)
        for _, reference, *_ in signal.receivers
    ]
    return {f"{each.__module__}.{each.__qualname__}" for each in receivers if each is not None}


def asked(handler: WSGIHandler, path: str) -> tuple[str, dict[str, str], bytes]:
    told: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "HTTP_HOST": "testserver",
        "HTTP_X_REQUEST_ID": "always-the-same",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    content = handler(environ, lambda *start: told.extend(start))
    body = b"".join(content)
    if hasattr(content, "close"):
        content.close()
    status, headers = told
    # What counts down differs from one request to the next.
    return status, {name: text for name, text in headers if name != "RateLimit"}, body


def test_nobody_listens_to_the_signals_but_those_who_are_called_by_name():
    # Where debugging is on, queries are noted besides; as many as fit, so nobody need forget them.
    assert heard() - {"django.db.reset_queries"} == KNOWN


@pytest.mark.parametrize(
    "path",
    ["/health/live", "/api/v1/me", "/api/v1/nothing", "/admin/login/", "/api/v1/openapi.json"],
)
def test_it_answers_what_django_would(path):
    long, short = asked(WSGIHandler(), path), asked(Handler(), path)
    if path.startswith("/admin/"):  # a form's token is new each time
        long, short = long[:1], short[:1]
    assert short == long
