"""
What the doors before Django's handler leave for Django to say.

They answer what is ordinary. What they refuse they hand on, in the environment of the request, to
the view of the same path, which raises it: so refusals and faults are told in one place.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

# No client reaches this name: what clients write begins with HTTP_.
_REFUSAL = "plinto.refusal"


def leave(environ: dict[str, Any], refusal: Exception) -> None:
    """Let the view of this request raise ``refusal``, or a fault, in place of its work."""
    environ[_REFUSAL] = refusal


def raise_refusal(request: HttpRequest | Request) -> None:
    """
    Raise what a door before came to; a view that has one calls this first.

    :raises Exception: whatever was left
    """
    refusal: Exception | None = request.META.pop(_REFUSAL, None)
    if refusal is None:
        return
    try:
        raise refusal
    finally:
        # It holds this frame, which must not hold it: that would be for the collector of cycles.
        del refusal
