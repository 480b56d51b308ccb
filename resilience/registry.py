"""What a process makes once and then keeps by name: breakers, doors, stores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from resilience.forks import renew_after_fork

Key = TypeVar("Key")
Kept = TypeVar("Kept")


class Registry(Generic[Key, Kept]):
    """Finding is a plain look-up; making happens once, under a lock that a fork renews."""

    def __init__(self) -> None:
        self._kept: dict[Key, Kept] = {}
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def get(self, key: Key, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under ``key``, made by ``make`` if this is the first time."""
        try:
            return self._kept[key]
        except KeyError:
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = make()
                return self._kept[key]

    def put(self, key: Key, kept: Kept) -> Kept:
        with self._lock:
            self._kept[key] = kept
        return kept

    def drop(self, key: Key) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def items(self) -> list[tuple[Key, Kept]]:
        with self._lock:
            return list(self._kept.items())
