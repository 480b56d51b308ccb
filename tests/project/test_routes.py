"""Every route says who may come in, and what is not a route is refused in the usual shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from tests.project.tree import PACKAGES


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the view of every route outside the admin."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path, entry.callback
        elif entry.app_name != "admin":
            yield from routes(entry, path)


def api_routes() -> list[tuple[str, Any]]:
    # Static files have no secrets to keep, and WhiteNoise answers most of them before the routes.
    return [(path, view) for path, view in routes() if not path.startswith("static/")]


def test_there_are_routes_to_judge():
    assert len(api_routes()) > 10


def states_permissions(view: type) -> bool:
    """Ours state them in their own body; a library's view may inherit them from its library."""
    is_ours = view.__module__.split(".")[0] in PACKAGES
    bodies = [view] if is_ours else view.__mro__[: view.__mro__.index(APIView)]
    return any("permission_classes" in vars(body) for body in bodies)


def test_every_view_states_its_permissions_in_its_own_body():
    wrong = [
        path
        for path, view in api_routes()
        if not issubclass(getattr(view, "cls", object), APIView) or not states_permissions(view.cls)
    ]
    assert wrong == []


def test_no_path_ends_in_a_slash():
    assert [path for path, _ in api_routes() if path.endswith("/")] == []


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/api/v1/auth/login/"])
def test_an_unknown_path_answers_the_one_error_shape(api, path):
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().keys() == {"error", "message", "status_code", "details", "request_id"}
    assert answer.json()["error"] == "NOT_FOUND"
