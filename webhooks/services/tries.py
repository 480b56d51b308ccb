"""One try: what is sent, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from audit.services.personal import storable
from resilience import http
from resilience.breaker import Breaker
from resilience.errors import OutboundFailedError, OutboundRefusedError
from resilience.http import Answer
from webhooks import signature
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoint_secrets, schedule
from webhooks.services.receivers import SECONDS

KEPT_OCTETS = 2048
_MOST_HEADERS, _HEADER_CHARACTERS = 40, 300
_GONE = 410
_SLOW_DOWN = {429, 503}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """
    How a try went: the answer, or ``error`` in words.

    ``wish`` is how long the receiver asked to be left alone; ``is_refused`` says that Plinto does
    not send to where the address leads.
    """

    started_at: datetime
    seconds: float
    status: int | None = None
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    wish: timedelta | None = None
    is_refused: bool = False

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == _GONE


def make(
    delivery: Delivery,
    endpoint: Endpoint,
    body: bytes,
    *,
    breaker: Breaker,
    clock: Callable[[], datetime],
    seconds: float = SECONDS,
) -> Try:
    """
    Sign a message anew, send it, and tell what came of it; every answer and failure is a ``Try``.

    :raises CircuitOpenError: the endpoint is left alone at the moment; nothing was sent
    :raises ConfigurationError: no field key opens the secret; nothing was sent
    """
    started_at, began = clock(), perf_counter()
    headers = signed_headers(delivery, endpoint, body, now=started_at)
    try:
        answer = http.send(
            "POST",
            endpoint.url,
            headers=headers,
            content=body,
            seconds=seconds,
            keep=KEPT_OCTETS,
            breaker=breaker,
        )
    except (OutboundRefusedError, OutboundFailedError) as failure:
        is_refused = isinstance(failure, OutboundRefusedError)
        return Try(
            started_at=started_at,
            seconds=perf_counter() - began,
            error=f"not sent: {failure.reason}" if is_refused else failure.reason,
            is_refused=is_refused,
        )
    return _answered(answer, started_at=started_at, seconds=perf_counter() - began)


def _answered(answer: Answer, *, started_at: datetime, seconds: float) -> Try:
    wish = None
    if answer.status in _SLOW_DOWN:
        now = started_at + timedelta(seconds=seconds)
        wish = schedule.wish_of(answer.headers.get("retry-after", ""), now=now)
    return Try(
        started_at=started_at,
        seconds=seconds,
        status=answer.status,
        error="redirect, not followed" if 300 <= answer.status < 400 else "",
        headers={
            storable(name, 100): storable(value, _HEADER_CHARACTERS)
            for name, value in list(answer.headers.items())[:_MOST_HEADERS]
        },
        body=storable(answer.body.decode("utf-8", "replace"), KEPT_OCTETS),
        wish=wish,
    )


def signed_headers(
    delivery: Delivery, endpoint: Endpoint, body: bytes, *, now: datetime
) -> dict[str, str]:
    """
    Return the headers of a try; the id is the same on each, time and signature are not.

    :raises ConfigurationError: no field key opens the secret
    """
    secrets = endpoint_secrets.in_force(endpoint, now=now)
    id = str(delivery.event_id)
    return {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(signature.seconds(now)),
        "webhook-signature": signature.sign(secrets, message_id=id, at=now, body=body),
    }
