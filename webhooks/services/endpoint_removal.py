"""
How endpoints go: what was sent to them in parts, then they themselves.

An endpoint may have half a million deliveries, and one statement that deletes them all would hold
its organization for longer than a statement may take.
"""

from __future__ import annotations

from webhooks.models import Attempt, Delivery, Endpoint

_PORTION = 1_000


def shorten(endpoint: Endpoint) -> bool:
    """Delete the oldest part of what was sent, and say whether nothing is left of it."""
    oldest = Delivery.objects.filter(endpoint=endpoint).order_by("pk")
    keys = list(oldest.values_list("pk", flat=True)[:_PORTION])
    Attempt.objects.filter(delivery__in=keys).delete()
    Delivery.objects.filter(pk__in=keys).delete()
    return len(keys) < _PORTION


def remove(endpoint: Endpoint) -> None:
    """Delete the endpoint with what has come meanwhile; the caller has shortened its log."""
    Endpoint.objects.filter(pk=endpoint.pk).delete()
