"""
Breakers of many alike, such as one for each receiver of webhooks.

There may be thousands, so they are neither listed to operators nor counted one by one, and no more
than a bounded number is remembered. What is forgotten begins closed, which costs a few calls.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from resilience.breaker import Breaker
from resilience.breakers import Diary
from resilience.circuit import Policy, State
from resilience.forks import renew_after_fork

Key = TypeVar("Key", bound=Hashable)
MOST = 2000

_crowds: WeakSet[Crowd[Any]] = WeakSet()


class Crowd(Generic[Key]):
    """The breakers called ``kind:key``, at most ``most``: those asked for last are remembered."""

    def __init__(
        self,
        kind: str,
        *,
        policy: Policy,
        most: int = MOST,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.kind = kind
        self._policy, self._most, self._clock = policy, most, clock
        self.renew()
        renew_after_fork(self)
        _crowds.add(self)

    def renew(self) -> None:
        """Remember none."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Breaker] = OrderedDict()

    def of(self, key: Key) -> Breaker:
        """Return the breaker of one, made if it is not remembered."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = self._kept[key] = self._made(key)
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(key)
            return found

    def states(self) -> Counter[State]:
        """Count those that are remembered, by their state."""
        with self._lock:
            return Counter(breaker.standing.state for breaker in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def _made(self, key: Key) -> Breaker:
        breaker = Breaker(f"{self.kind}:{key}", policy=self._policy, clock=self._clock)
        breaker.subscribe(Diary(clock=self._clock).note)
        return breaker


def every() -> list[Crowd[Any]]:
    """List the crowds of this process."""
    return list(_crowds)
