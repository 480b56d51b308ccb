"""The API is spared what only pages need, and loses nothing that protects it."""

from __future__ import annotations

import io
import json
import logging

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from plinto.kernel import branches, logs
from plinto.kernel.logs import REDACTED, LossyHandler
from plinto.kernel.origin import SYSTEM

PROTECTION = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
POLICY = {
    "default-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    "img-src 'self' data:",
}


def protection(answer):
    return {name: answer.headers[name] for name in PROTECTION}


def policy(answer):
    return set(answer.headers["Content-Security-Policy"].split("; "))


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/me", "/health/live", "/scim/v2/Users", "/api/v1/none"])
def test_an_answer_of_the_api_is_protected_as_a_page_is(api, path):
    answer = api.get(path)
    assert (protection(answer), policy(answer)) == (PROTECTION, POLICY)


@pytest.mark.django_db
def test_a_page_keeps_its_headers_its_cookie_and_its_own_policy(api):
    login, docs = api.get("/admin/login/"), api.get("/api/v1/docs")
    assert protection(login).items() >= PROTECTION.items() - {("Cache-Control", "no-store")}
    assert "no-store" in login.headers["Cache-Control"]
    assert policy(login) == POLICY
    assert "csrftoken" in login.cookies
    assert "style-src 'self' 'unsafe-inline'" in policy(docs)


@pytest.mark.django_db
def test_the_api_sets_no_cookie_and_reads_no_session(api, django_assert_num_queries):
    api.client.cookies["plinto_admin"] = "x" * 32
    with django_assert_num_queries(0):
        answer = api.get("/api/v1/me")
    assert answer.status_code == 401
    assert "Cookie" not in answer.headers["Vary"]
    assert not answer.cookies


@pytest.mark.django_db
@override_settings(SECURE_HSTS_SECONDS=60, SECURE_SSL_REDIRECT=True)
def test_over_https_the_api_asks_for_https_and_nothing_else_is_answered(api):
    refused = api.get("/api/v1/me")
    assert (refused.status_code, refused.headers["Location"][:8]) == (301, "https://")
    secure = api.client.get("/api/v1/me", secure=True)
    assert secure.headers["Strict-Transport-Security"] == "max-age=60"
    assert "Strict-Transport-Security" not in refused.headers


@pytest.mark.parametrize("path", ["/api/v1/form", "/admin/form"])
def test_a_view_that_a_cookie_may_open_is_judged_on_either_branch(path):
    pages = branches.PagesMiddleware(lambda _: HttpResponse())
    request = RequestFactory(enforce_csrf_checks=True).post(path)
    request._dont_enforce_csrf_checks = False
    request.origin = SYSTEM
    answer = pages.process_view(request, lambda _: HttpResponse(), (), {})
    assert answer is not None
    assert answer.status_code == 403


def test_prepared_headers_change_with_the_scheme_alone():
    with override_settings(SECURE_HSTS_SECONDS=60):
        plain, secure = (dict(branches.security_headers(is_secure=each)) for each in (False, True))
    assert secure.keys() - plain.keys() == {"strict-transport-security"}


@pytest.fixture
def lines():
    """What the handler of production writes during the test."""
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each, LossyHandler)]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)


@pytest.mark.django_db
def test_the_line_of_a_request_says_who_asked_for_what_and_no_secret(api, lines):
    token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    answer = api.get(f"/api/v1/{token}", address="203.0.113.9")
    line = lines()[-1]
    assert list(line) == [
        *("method", "path", "status", "milliseconds", "address", "event"),
        *("request_id", "logger", "level", "timestamp"),
    ]
    assert line["path"] == f"/api/v1/{REDACTED}"
    assert (line["status"], line["address"]) == (404, "203.0.113.9")
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_a_line_is_ascii_whatever_was_asked_for():
    event = {"path": "/ä\ud800", "n": 2**70, "who": object}
    assert logs.dumps(event).isascii()
    assert json.loads(logs.dumps(event))["path"] == "/ä\ud800"
    assert json.loads(logs.dumps({"path": "/ä"})) == {"path": "/ä"}
