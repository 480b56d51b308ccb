"""What tests of rate limits share."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from django.http import HttpResponse

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/me"
JWKS = "/.well-known/jwks.json"
_numbers = itertools.count(1)


def elsewhere() -> str:
    """Return an address that no test has used; windows of a process outlive the tests."""
    number = next(_numbers)
    return f"10.90.{number >> 8}.{number & 255}"


def statuses(ask: Callable[[], HttpResponse], *, times: int) -> list[int]:
    """Ask so many times, and list the statuses of the answers."""
    return [ask().status_code for _ in range(times)]
