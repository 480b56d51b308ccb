"""
Counts requests and how long they took, by what was asked and how it ended.

Every request passes here, so it costs two readings of the clock and additions to plain integers;
``resilience.metrics`` carries them to where other processes can read them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from resilience.forks import renew_after_fork

# Upper bounds of the classes of duration, in seconds; what takes longer falls into one more.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# A client may send any word as its method, and each would be a series for ever.
_METHODS: dict[str | None, str] = {
    method: method for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
}
_LITERAL = re.compile(r"[\w.-]+\Z")


class Tally:
    """Requests of one kind: how many took up to each bound, and seconds in all."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


Sort = tuple[str, str, int]  # method, route, hundreds of the status


class Traffic:
    """What this process has answered. Like a breaker's figures, the counts take no lock."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._tallies: dict[Sort, Tally] = {}
        self._routes: dict[str, str] = {}

    def note(self, request: HttpRequest, *, status: int, seconds: float) -> None:
        self.count(request.method, self._route_of(request), status=status, seconds=seconds)

    def count(self, method: str | None, route: str, *, status: int, seconds: float) -> None:
        """Count one answer; ``route`` is as ``name_of`` says it, so that there are few of them."""
        sort = (_METHODS.get(method, "other"), route, status // 100)
        tally = self._tallies.get(sort)
        if tally is None:
            tally = self._tallies.setdefault(sort, Tally())
        tally.counts[bisect_left(BOUNDS, seconds)] += 1
        tally.seconds += seconds

    def tallies(self) -> list[tuple[Sort, Tally]]:
        return list(self._tallies.items())

    def _route_of(self, request: HttpRequest) -> str:
        match = request.resolver_match
        if match is None:
            return "static" if request.path_info.startswith("/static/") else "unknown"
        route = self._routes.get(match.route)
        if route is None:
            route = self._routes.setdefault(match.route, name_of(match.route))
        return route


def name_of(pattern: str) -> str:
    """
    Name a URL pattern in at most two words: ``api/v1/auth/token/refresh`` is ``auth/token``.

    Parameters are left out, so there are never more names than patterns.
    """
    words = [word for word in pattern.removeprefix("api/v1/").split("/") if _LITERAL.match(word)]
    return "/".join(words[:2]) or "unknown"


traffic = Traffic()


class TrafficMiddleware:
    """Stands outermost, so that it sees every answer and all of the time it took."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        response = self._get_response(request)
        traffic.note(request, status=response.status_code, seconds=perf_counter() - began)
        return response
