"""
How many messages this worker may have under way, and to whom: nobody waits for somebody else.

One receiver gets at most four at a time, and one that has been failing gets one, with all of those
together in at most half of the places. A breaker stands in front of each, so that what is dead
costs one try now and then; a receiver that asks for patience is left alone for a while.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from uuid import UUID

from resilience.breaker import Breaker
from resilience.circuit import Policy
from resilience.crowd import Crowd
from webhooks.models import Endpoint

CAP = 4
SECONDS = 15.0
# Longer wishes put off the message alone: the next one may be welcome.
_LONGEST_HOLD = timedelta(minutes=5)
_POLICY = Policy(
    failure_threshold=CAP,
    recovery_timeout=30.0,
    half_open_max_calls=1,
    # Some messages may be refused for what they say, and the others are welcome all the same.
    failure_rate=0.9,
    slow_seconds=60.0,
    longest_recovery=8,
    probe_timeout=SECONDS,
)


@dataclass(frozen=True, slots=True)
class Place:
    """One of the places, taken by a message to one endpoint."""

    endpoint_id: UUID
    is_doubtful: bool


class Receivers:
    """The places of one worker; every method may be called by any thread."""

    def __init__(self, *, places: int, clock: Callable[[], float] = monotonic) -> None:
        self.places = places
        self._clock = clock
        self._changed = threading.Condition()
        self._under_way: Counter[UUID] = Counter()
        self._doubtful = 0
        self._left_alone: dict[UUID, float] = {}
        self._breakers: Crowd[UUID] = Crowd("webhook", policy=_POLICY, clock=clock)

    @property
    def under_way(self) -> int:
        return self._under_way.total()

    @property
    def free(self) -> int:
        return self.places - self.under_way

    def breaker_of(self, endpoint: Endpoint) -> Breaker:
        return self._breakers.of(endpoint.pk)

    def full(self) -> list[UUID]:
        """List the endpoints that nothing may be sent to at this moment."""
        with self._changed:
            now = self._clock()
            self._left_alone = {
                key: until for key, until in self._left_alone.items() if until > now
            }
            busy = [
                key
                for key, many in self._under_way.items()
                if many >= (1 if self._is_failing(key) else CAP)
            ]
            return [*busy, *self._left_alone]

    def take(self, endpoint: Endpoint) -> list[Place]:
        """Take the places that an endpoint may have now; give each back with ``leave``."""
        with self._changed:
            is_doubtful = bool(endpoint.failing_since) or self._is_failing(endpoint.pk)
            most = self.free
            if is_doubtful:
                most = min(most, 1, max(1, self.places // 2) - self._doubtful)
            mine = self._under_way[endpoint.pk]
            many = max(0, min(most, (1 if is_doubtful else CAP) - mine))
            self._under_way[endpoint.pk] += many
            self._doubtful += many * is_doubtful
            return [Place(endpoint.pk, is_doubtful)] * many

    def leave(self, place: Place) -> None:
        with self._changed:
            self._under_way[place.endpoint_id] -= 1
            if not self._under_way[place.endpoint_id]:
                del self._under_way[place.endpoint_id]
            self._doubtful -= place.is_doubtful
            breaker = self._breakers.of(place.endpoint_id)
            if not breaker.is_closed:
                self._leave_alone(place.endpoint_id, breaker.next_probe_in() or 0.0)
            self._changed.notify_all()

    def hold(self, endpoint: Endpoint, wish: timedelta) -> None:
        """Send an endpoint nothing for as long as it asked for, five minutes at most."""
        with self._changed:
            self._leave_alone(endpoint.pk, min(wish, _LONGEST_HOLD).total_seconds())

    def wait(self, *, free: int, seconds: float) -> bool:
        """Wait until so many places are free."""
        with self._changed:
            return self._changed.wait_for(lambda: self.free >= free, timeout=seconds)

    def wait_for_any(self, *, seconds: float) -> None:
        """Wait until a place is given back."""
        with self._changed:
            if self.under_way:
                self._changed.wait(seconds)

    def _is_failing(self, key: UUID) -> bool:
        breaker = self._breakers.of(key)
        return not breaker.is_closed or breaker.failure_count > 0

    def _leave_alone(self, key: UUID, seconds: float) -> None:
        until = self._clock() + seconds
        self._left_alone[key] = max(until, self._left_alone.get(key, until))
