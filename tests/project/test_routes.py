"""Every route says who may come in, and what is not a route is refused in the usual shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from resilience.policies import DEFAULT, POLICIES
from resilience.throttling import PolicyThrottle
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


def test_every_view_is_limited_by_a_policy_that_exists():
    views = [view.cls for _, view in api_routes()]
    assert [view for view in views if PolicyThrottle not in view.throttle_classes] == []
    named = {getattr(view, "limited_as", DEFAULT) for view in views}
    assert named - set(POLICIES) == set()
    assert {"login", "health", DEFAULT} <= named


def test_health_pages_are_limited_without_asking_anybody():
    pages = [view.cls for path, view in api_routes() if "health/" in path]
    assert {page.limited_as for page in pages} == {"health"}


def paths() -> list[str]:
    """One address of every route, the admin's included."""
    chosen = [f"/{path}" for path, _ in api_routes()] + ["/admin/", "/admin/login/", "/admin/x"]
    return [re.sub(r"<[^>]+>", str(UUID(int=0)), path) for path in chosen]


@pytest.mark.django_db
@pytest.mark.parametrize("token", [None, "a.bad.token"])
@pytest.mark.parametrize("path", paths())
def test_every_answer_of_every_route_says_its_limit(api, path, token):
    answer = api.get(path, token=token)
    assert re.fullmatch(r'"\w+";q=\d+;w=\d+', answer.headers["RateLimit-Policy"])
    assert re.fullmatch(r'"\w+";r=\d+;t=\d+', answer.headers["RateLimit"])


def test_no_path_ends_in_a_slash():
    assert [path for path, _ in api_routes() if path.endswith("/")] == []


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/api/v1/auth/login/"])
def test_an_unknown_path_answers_the_one_error_shape(api, path):
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().keys() == {"error", "message", "status_code", "details", "request_id"}
    assert answer.json()["error"] == "NOT_FOUND"
