"""The real URL table plus a page that asks the cache for more than one answer."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from plinto.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

QUESTIONS = 40


def greedy(request: HttpRequest) -> HttpResponse:
    found = [cache.get(f"question {number}", "unknown") for number in range(QUESTIONS)]
    return HttpResponse(", ".join(found))


urlpatterns = [path("greedy", greedy), path("", include("plinto.urls"))]
