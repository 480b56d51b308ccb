"""What a process remembers by itself while Redis cannot answer."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from resilience.forks import renew_after_fork


class Fallback:
    """
    A bounded map of encoded values that drops what was used longest ago.

    It keeps bytes, so two callers never share one mutable object, and each value as long as Redis
    would. ``lifetime`` is in seconds, ``None`` for no end. Thread-safe; a forked child starts
    empty, because what the parent knew may have been deleted since.
    """

    def __init__(self, *, entries: int = 1000, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._clock = clock
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[bytes, float | None]] = OrderedDict()
        self.hits = self.misses = self.evictions = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: str) -> bytes | None:
        with self._lock:
            value = self._live(key)
            if value is None:
                self.misses += 1
                return None
            self._held.move_to_end(key)
            self.hits += 1
            return value

    def set(self, key: str, value: bytes, *, lifetime: float | None) -> None:
        with self._lock:
            self._put(key, value, lifetime)

    def add(self, key: str, value: bytes, *, lifetime: float | None) -> bool:
        with self._lock:
            if self._live(key) is not None:
                return False
            self._put(key, value, lifetime)
            return True

    def touch(self, key: str, *, lifetime: float | None) -> bool:
        with self._lock:
            value = self._live(key)
            if value is None:
                return False
            if lifetime is not None and lifetime <= 0:
                del self._held[key]
            else:
                self._put(key, value, lifetime)
            return True

    def delete(self, key: str) -> bool:
        with self._lock:
            was_live = self._live(key) is not None
            self._held.pop(key, None)
            return was_live

    def increase(self, key: str, *, by: int) -> int | None:
        """
        Add ``by`` to a whole number and keep its end; ``None`` if there is nothing under ``key``.

        :raises TypeError: the value is not a whole number of 64 bits, or would not stay one
        """
        with self._lock:
            value = self._live(key)
            if value is None:
                return None
            number = _whole(value) + by
            if not -(2**63) <= number < 2**63:
                raise TypeError("The number would leave 64 bits.")
            self._held[key] = (b"%d" % number, self._held[key][1])
            self._held.move_to_end(key)
            return number

    def remaining(self, key: str) -> int | None:
        """Milliseconds the value still lives; 0 if there is none, ``None`` if it never ends."""
        with self._lock:
            if self._live(key) is None:
                return 0
            ends_at = self._held[key][1]
            return None if ends_at is None else math.ceil((ends_at - self._clock()) * 1000)

    def persist(self, key: str) -> bool:
        """Let the value live for ever; false if it is not there or does so already."""
        with self._lock:
            if self._live(key) is None or self._held[key][1] is None:
                return False
            self._held[key] = (self._held[key][0], None)
            self._held.move_to_end(key)
            return True

    def names(self) -> list[str]:
        with self._lock:
            return [key for key in list(self._held) if self._live(key) is not None]

    def rename(self, old: str, new: str) -> bool:
        with self._lock:
            if self._live(old) is None:
                return False
            self._held[new] = self._held.pop(old)
            self._held.move_to_end(new)
            return True

    def clear(self) -> None:
        with self._lock:
            self._held.clear()

    def _live(self, key: str) -> bytes | None:
        value, ends_at = self._held.get(key, (None, None))
        if ends_at is not None and ends_at <= self._clock():
            del self._held[key]
            return None
        return value

    def _put(self, key: str, value: bytes, lifetime: float | None) -> None:
        ends_at = None if lifetime is None else self._clock() + lifetime
        self._held[key] = (value, ends_at)
        self._held.move_to_end(key)
        if len(self._held) > self._entries:
            self._held.popitem(last=False)
            self.evictions += 1


def _whole(value: bytes) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise TypeError("The cached value is not a whole number.") from error
