"""How much of a provider is verified: each connection has a share of its own."""

from __future__ import annotations

from django.conf import settings

from plinto.kernel.exceptions import RateLimitError
from resilience import ratelimit
from resilience.contract import enforces
from resilience.limits import Bucket
from sso import door_controls
from sso.models import Connection


@enforces(door_controls.SSO_SIGN_IN)
def count(connection: Connection) -> None:
    """
    Count what is about to be verified for its connection, whatever network it comes from.

    Verifying takes some ten milliseconds, so what is sent for one connection can take a fifth of a
    processor at most, and what is sent for others is verified meanwhile.

    :raises RateLimitError: the connection has used up its share of this minute
    """
    policy = settings.RATE_LIMITS["sso"]
    bucket = Bucket.of(policy.limits["account"], connection.pk)
    verdict = ratelimit.limiter().take(policy, (bucket,))
    if not verdict.is_admitted:
        raise RateLimitError(retry_after=verdict.tightest.seconds, reason="sso: one connection")
