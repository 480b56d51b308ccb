"""What stands behind a cache alias in one process: the door to Redis, if any, and a fallback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.cache import caches

from resilience.circuit import State, Transition
from resilience.errors import RedisUnavailableError
from resilience.fallback import Fallback
from resilience.kept import KeptClient
from resilience.redis import Door, configured, door_at
from resilience.registry import Registry


class Store:
    """
    ``door`` is ``None`` without Redis; the fallback is then the cache, of this process alone.

    Beside a door the fallback holds only what this process wrote while Redis could not answer.
    It is emptied whenever trust in Redis begins or ends, because another process may have
    changed the same keys meanwhile.

    ``hits`` and ``misses`` count the keys that reads found and did not find, wherever the answer
    came from. ``unsettled`` is how many changes Redis has yet to hear of.
    """

    def __init__(self, *, door: Door | None, entries: int) -> None:
        self.door = door
        self.fallback = Fallback(entries=entries)
        self.fallback_calls = self.hits = self.misses = 0
        self.unsettled = 0
        if door is not None:
            door.breaker.subscribe(self._moved)
            door.writes.subscribe(self._moved)

    def _moved(self, change: Transition) -> None:
        if State.CLOSED in (change.before.state, change.after.state):
            self.fallback.clear()


_stores: Registry[tuple[str, str], Store] = Registry()


def store_at(url: str, *, name: str, options: Mapping[str, Any]) -> Store:
    """Return this process's store; Django makes one cache object per thread, all share it."""
    return _stores.get((name, url), lambda: _new(url, name, options))


def store(alias: str = "default") -> Store:
    """Return the store behind the cache ``alias``."""
    url, name, options = configured(alias)
    return store_at(url, name=name, options=options)


def _new(url: str, name: str, options: Mapping[str, Any]) -> Store:
    door = door_at(url, name=name, options=options) if url else None
    return Store(door=door, entries=options.get("FALLBACK_ENTRIES", 1000))


def clear_shared(alias: str = "default") -> bool:
    """
    Remove every cached key that processes share, and tell whether that was done.

    For keys whose owner died before Redis heard that they were changed.
    """
    found = store(alias)
    if found.door is None or not found.door.is_trusted:
        return False
    try:
        KeptClient(found.door, {}, caches[alias]).clear_prefix()
    except RedisUnavailableError:
        return False
    return True
