"""
Counting requests: each has one meter, which knows its policy and what came of it.

The middleware hands the meter out. Whoever can say best for whom a request counts counts it:
authentication for a signed-in caller, together with the session check, or else REST framework's
throttle before the view runs. What nobody has counted by the time it is answered, such as a bad
token or a path that does not exist, the middleware counts for the network it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from plinto.kernel import origin
from plinto.kernel.exceptions import RateLimitError
from resilience import ratelimit
from resilience.limits import Bucket
from resilience.policies import DEFAULT, Policy
from resilience.verdicts import Verdict

if TYPE_CHECKING:
    # REST framework imports this module while it imports its views.
    from rest_framework.views import APIView

ADMIN = "admin"
# No client reaches this name: what clients write begins with HTTP_.
_METER = "plinto.meter"


class Meter:
    """Counts one request, at most once for each way it may count."""

    def __init__(self, policy: Policy, *, network: str) -> None:
        self.policy = policy
        self.is_counted = False
        self.verdict: Verdict | None = None
        self._network = network
        self._own: tuple[Bucket, ...] = ()

    def count_stranger(self) -> None:
        """
        Count the network.

        :raises RateLimitError: it has used up its limit
        :raises django.db.Error: nothing could count it
        """
        # Whatever becomes of it: a database that just failed is not asked twice.
        self.is_counted = True
        self._settle(ratelimit.limiter().take(self.policy, self._by_network()))

    def count(
        self,
        kind: Literal["account", "key"],
        holder: object,
        *,
        copies: tuple[str, ...] = (),
    ) -> list[Any] | None:
        """
        Count a caller who is known, and bring ``copies`` along as ``resilience.copies`` wants.

        :raises RateLimitError: the account or key, or here the network too, used up its limit
        :raises django.db.Error: nothing could count it
        """
        self.is_counted = True
        self._own = (Bucket.of(self.policy.limits[kind], holder),)
        if self.policy.is_authentication:
            self._own += self._by_network()
        verdict = ratelimit.limiter().take(
            self.policy, self._own, strangers=self._by_network(), copies=copies
        )
        self._settle(verdict)
        return verdict.copies

    def hand_on(self, environ: dict[str, Any]) -> None:
        """Let the middleware, should the request reach it, go on with this meter."""
        environ[_METER] = self

    def waive(self) -> None:
        """Leave a request uncounted, because another application counts it."""
        self.is_counted = True

    def disown(self) -> None:
        """
        Learn that the caller is not who the token says, so the network must answer for it.

        Who kept a token of a session that was ended could else use up its owner's limit.
        """
        if self.verdict is None or self.verdict.is_stranger:
            return
        self.is_counted = False
        if self.verdict.copies is None:
            ratelimit.limiter().give_back(self.policy, self._own)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the client is told of its limit; nothing before the request was counted."""
        if self.verdict is None:
            return ()
        name, tally = self.policy.name, self.verdict.tightest
        window = tally.bucket.limit.seconds
        return (
            ("RateLimit-Policy", f'"{name}";q={tally.most};w={window}'),
            ("RateLimit", f'"{name}";r={tally.left};t={tally.seconds}'),
        )

    def _by_network(self) -> tuple[Bucket, ...]:
        return (Bucket.of(self.policy.limits["address"], self._network),)

    def _settle(self, verdict: Verdict) -> None:
        self.verdict = verdict
        if not verdict.is_admitted:
            tally = verdict.tightest
            raise RateLimitError(retry_after=tally.seconds, reason=tally.bucket.limit.scope)


class PolicyThrottle(BaseThrottle):
    """Counts what authentication has not; refuses by raising, so that the answer has one shape."""

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        meter = meter_of(request)
        if not meter.is_counted:
            meter.count_stranger()
        return True


def policy_of(view: Callable[..., Any] | None, *, app: str = "") -> Policy:
    """Return the policy that a view names in ``limited_as``, or that its app has."""
    owner = getattr(view, "cls", getattr(view, "view_class", view))
    name = getattr(owner, "limited_as", ADMIN if app == ADMIN else DEFAULT)
    policy: Policy = settings.RATE_LIMITS[name]
    return policy


def attach(request: HttpRequest, policy: Policy) -> Meter:
    """Give a request its meter: a new one, or that which was handed on with it."""
    handed_on: Meter | None = request.META.get(_METER)
    meter = handed_on or Meter(policy, network=origin.of(request).network)
    request.meter = meter  # type: ignore[attr-defined]
    return meter


def meter_of(request: HttpRequest | Request) -> Meter:
    """Return the meter that the middleware attached."""
    # REST framework's request would search its own class first.
    meter: Meter = getattr(request, "_request", request).meter  # type: ignore[union-attr]
    return meter
