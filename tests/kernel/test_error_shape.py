"""One error shape, from every door."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

LOGIN = "/api/v1/auth/login"
JSON = "application/json"

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.kernel.doors")]

REFUSED = [
    # what, method, path, body, content type, status, code
    ("unknown path", "GET", "/nowhere", None, JSON, 404, "NOT_FOUND"),
    ("unknown path below the API", "POST", "/api/v1/nope", b"{}", JSON, 404, "NOT_FOUND"),
    ("path with NUL", "GET", "/api/v1/sessions/%00", None, JSON, 404, "NOT_FOUND"),
    ("path with bad UTF-8", "GET", "/api/v1/%ff%fe", None, JSON, 404, "NOT_FOUND"),
    ("wrong method in DRF", "GET", LOGIN, None, JSON, 405, "METHOD_NOT_ALLOWED"),
    ("OPTIONS", "OPTIONS", LOGIN, None, JSON, 405, "METHOD_NOT_ALLOWED"),
    ("wrong method in Django", "GET", "/only-post", None, JSON, 405, "METHOD_NOT_ALLOWED"),
    ("body over 1 MiB", "POST", LOGIN, b"x" * 1048577, JSON, 413, "PAYLOAD_TOO_LARGE"),
    ("body over 1 MiB to nowhere", "POST", "/x", b"x" * 1048577, JSON, 413, "PAYLOAD_TOO_LARGE"),
    ("no JSON", "POST", LOGIN, b"{nope", JSON, 400, "MALFORMED_REQUEST"),
    ("NaN", "POST", LOGIN, b'{"email": NaN}', JSON, 400, "MALFORMED_REQUEST"),
    ("bad UTF-8", "POST", LOGIN, b'{"email": "\xff"}', JSON, 400, "MALFORMED_REQUEST"),
    ("lone surrogate", "POST", LOGIN, b'{"email": "\\ud800"}', JSON, 400, "MALFORMED_REQUEST"),
    ("raw NUL", "POST", LOGIN, b'{"email": "\x00"}', JSON, 400, "MALFORMED_REQUEST"),
    ("escaped NUL", "POST", LOGIN, b'{"email": "a\\u0000"}', JSON, 400, "MALFORMED_REQUEST"),
    ("NUL in a name", "POST", LOGIN, b'{"a\\u0000": 1}', JSON, 400, "MALFORMED_REQUEST"),
    ("deep nesting", "POST", LOGIN, b"[" * 100000, JSON, 400, "MALFORMED_REQUEST"),
    (
        "form",
        "POST",
        LOGIN,
        b"a=b",
        "application/x-www-form-urlencoded",
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    (
        "codec trick",
        "POST",
        LOGIN,
        b"{}",
        "application/json; charset=rot13",
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    ("no type", "POST", LOGIN, b"{}", "", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("list", "POST", LOGIN, b"[]", JSON, 422, "VALIDATION_ERROR"),
    ("null", "POST", LOGIN, b"null", JSON, 422, "VALIDATION_ERROR"),
    ("number", "POST", LOGIN, b"7", JSON, 422, "VALIDATION_ERROR"),
    ("no fields", "POST", LOGIN, b"{}", JSON, 422, "VALIDATION_ERROR"),
    ("unknown field", "POST", LOGIN, b'{"x": 1}', JSON, 422, "VALIDATION_ERROR"),
    ("nobody", "GET", "/api/v1/me", None, JSON, 401, "AUTHENTICATION_ERROR"),
    ("view that says nothing", "GET", "/unsaid", None, JSON, 401, "AUTHENTICATION_ERROR"),
    ("bug in Django", "GET", "/plain/bug", None, JSON, 500, "INTERNAL_ERROR"),
    ("bug in DRF", "GET", "/rest/bug", None, JSON, 500, "INTERNAL_ERROR"),
    (
        "database away, Django",
        "GET",
        "/plain/database",
        None,
        JSON,
        503,
        "SERVICE_UNAVAILABLE_ERROR",
    ),
    ("database away, DRF", "GET", "/rest/database", None, JSON, 503, "SERVICE_UNAVAILABLE_ERROR"),
    ("cache error", "GET", "/rest/cache", None, JSON, 503, "SERVICE_UNAVAILABLE_ERROR"),
    ("key missing", "GET", "/plain/configuration", None, JSON, 503, "SERVICE_UNAVAILABLE_ERROR"),
    ("conflict", "GET", "/plain/conflict", None, JSON, 409, "CONFLICT_ERROR"),
    ("conflict in DRF", "GET", "/rest/conflict", None, JSON, 409, "CONFLICT_ERROR"),
    ("denied", "GET", "/plain/denied", None, JSON, 403, "AUTHORIZATION_ERROR"),
    ("denied in DRF", "GET", "/rest/denied", None, JSON, 403, "AUTHORIZATION_ERROR"),
    ("suspicious", "GET", "/plain/suspicious", None, JSON, 400, "MALFORMED_REQUEST"),
    ("throttled", "GET", "/rest/throttled", None, JSON, 429, "RATE_LIMIT_ERROR"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type", "status", "code"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_every_refusal_has_the_one_shape(api, method, path, body, content_type, status, code):
    answer = api.send(method, path, body, content_type=content_type)

    told = answer.json()
    assert set(told) == {"error", "message", "status_code", "details", "request_id"}
    assert (answer.status_code, told["status_code"], told["error"]) == (status, status, code)
    assert answer.headers["Content-Type"] == JSON
    assert answer.headers["X-Request-ID"] == told["request_id"]
    assert b"secret detail" not in answer.content
    assert_headers_of(answer, status)


def assert_headers_of(answer, status: int) -> None:
    expected = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
    if status in expected:
        assert answer.headers[expected[status]]


@pytest.mark.parametrize("path", ["/nowhere", "/plain/bug", "/rest/conflict", "/only-post", LOGIN])
def test_a_caller_who_asks_for_rfc_9457_gets_it(api, path):
    answer = api.get(path, headers={"Accept": "application/problem+json"})

    told = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(told) == {"type", "title", "status", "detail", "instance", "error", "details"}
    assert told["status"] == answer.status_code
    assert told["type"].endswith(told["error"])


def test_a_sane_request_id_is_kept_and_a_strange_one_replaced(api):
    kept = api.get("/nowhere", headers={"X-Request-ID": "client-0001"})
    replaced = api.get("/nowhere", headers={"X-Request-ID": "x\u00e4 <script>"})

    assert kept.json()["request_id"] == "client-0001"
    assert "script" not in replaced.json()["request_id"]


def test_a_chunked_body_is_read_and_bounded():
    def send(body: bytes) -> tuple[str, bytes]:
        environ = RequestFactory().generic("POST", "/echo", b"", JSON).environ
        environ.pop("CONTENT_LENGTH", None)
        environ |= {
            "CONTENT_TYPE": JSON,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input": BytesIO(body),
        }
        statuses: list[str] = []
        content = b"".join(WSGIHandler()(environ, lambda status, _headers: statuses.append(status)))
        return statuses[0], content

    assert send(b'{"a": 1}') == ("200 OK", b'{"a":1}')
    assert send(b"x" * 1048577)[0].startswith("413")


def test_a_foreign_host_is_refused_in_the_same_shape(api):
    answer = api.get("/api/v1/me", headers={"Host": "evil.example"})

    assert answer.status_code in {400, 401}
    assert set(answer.json()) >= {"error", "request_id"}


def test_an_expired_form_of_the_admin_site_is_refused_in_the_same_shape(api):
    api.client.handler.enforce_csrf_checks = True

    answer = api.post("/admin/login/", b"", content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 403
    assert answer.json()["error"] == "AUTHORIZATION_ERROR"


def test_the_reason_of_a_refusal_is_logged_and_not_told(api, caplog):
    answer = api.get("/rest/conflict")

    assert "secret detail" in caplog.text
    assert "secret detail" not in answer.content.decode()
