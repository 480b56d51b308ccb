"""What tests of rate limits share."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/me"
JWKS = "/.well-known/jwks.json"


def statuses(ask: Callable[[], HttpResponse], *, times: int) -> list[int]:
    """Ask so many times, and list the statuses of the answers."""
    return [ask().status_code for _ in range(times)]
