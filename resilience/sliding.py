"""What one process counts by itself: sliding windows, and the last counts it heard of."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from resilience.forks import renew_after_fork

# Subjects; a process of 1,000 requests a second has not met more in ten seconds.
ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of ``key``, which may have ``most`` in any ``seconds``."""

    key: str
    most: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Filling:
    """How full a window is, and in how many seconds its oldest request leaves it."""

    count: int
    seconds: float


@dataclass(slots=True)
class _Window:
    moments: deque[float] = field(default_factory=deque)
    ends_at: float = 0.0


class SlidingWindows:
    """
    Exact windows of a bounded number of subjects; who was not met for longest is forgotten first.

    Thread-safe; a forked child starts empty.
    """

    def __init__(
        self, *, entries: int = ENTRIES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._entries = entries
        self._clock = clock
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, asks: Sequence[Ask]) -> tuple[bool, list[Filling]]:
        """Let the request into all its windows, or into none if one is full."""
        with self._lock:
            now = self._clock()
            windows = [self._live(ask, now) for ask in asks]
            is_admitted = all(
                len(window.moments) < ask.most for window, ask in zip(windows, asks, strict=True)
            )
            if is_admitted:
                for window, ask in zip(windows, asks, strict=True):
                    window.moments.append(now)
                    window.ends_at = now + ask.seconds
            self._forget(now)
            return is_admitted, [
                Filling(
                    len(window.moments),
                    window.moments[0] + ask.seconds - now if window.moments else 0.0,
                )
                for window, ask in zip(windows, asks, strict=True)
            ]

    def give_back(self, key: str) -> None:
        """Forget the newest request of ``key``."""
        with self._lock:
            window = self._windows.get(key)
            if window is not None and window.moments:
                window.moments.pop()

    def _live(self, ask: Ask, now: float) -> _Window:
        window = self._windows.setdefault(ask.key, _Window())
        self._windows.move_to_end(ask.key)
        while window.moments and window.moments[0] <= now - ask.seconds:
            window.moments.popleft()
        return window

    def _forget(self, now: float) -> None:
        while self._windows:
            oldest = next(iter(self._windows.values()))
            if len(self._windows) <= self._entries and oldest.ends_at > now:
                return
            self._windows.popitem(last=False)


class Hearsay:
    """
    How much of each limit was used according to whoever counted last, until that is over.

    Bounded and thread-safe like the windows.
    """

    def __init__(
        self, *, entries: int = ENTRIES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._entries = entries
        self._clock = clock
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._heard: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._heard)

    def note(self, key: str, *, count: int, seconds: float) -> None:
        """Remember that ``key`` had used ``count``, all of which is over in ``seconds``."""
        with self._lock:
            self._heard[key] = (count, self._clock() + seconds)
            self._heard.move_to_end(key)
            if len(self._heard) > self._entries:
                self._heard.popitem(last=False)

    def of(self, key: str) -> Filling:
        """Return what is still known of ``key``, and for how long it counts."""
        heard = self._heard.get(key)
        if heard is None:
            return _NOTHING
        seconds = heard[1] - self._clock()
        return Filling(heard[0], seconds) if seconds > 0 else _NOTHING


_NOTHING = Filling(0, 0.0)
