"""The one view, and its seeding."""

from __future__ import annotations

import json

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import path

KEYS = ("person", "session", "roles")
_VALUE = {"id": 7, "name": "Ada", "roles": ["owner", "member"], "verified": True}


def seed(_request: HttpRequest) -> HttpResponse:
    for key in KEYS:
        cache.set(key, _VALUE, 3600)
    return HttpResponse(status=204)


def read(_request: HttpRequest) -> HttpResponse:
    """Read three keys one after the other, and say how many were there."""
    found = sum(cache.get(key) is not None for key in KEYS)
    content = json.dumps({"found": found})
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    return HttpResponse(content, headers=headers)


urlpatterns = [path("", read), path("seed", seed)]
