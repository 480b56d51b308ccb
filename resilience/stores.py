"""What stands behind a cache alias in one process: the door to Redis, if any, and a fallback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from resilience.circuit import State, Transition
from resilience.errors import RedisUnavailableError
from resilience.fallback import Fallback
from resilience.journal import LATE_SECONDS, Journal
from resilience.purge import Purge, sweep
from resilience.redis import Door, configured, door_at
from resilience.registry import Registry


class Store:
    """
    ``door`` is ``None`` without Redis; the fallback is then the cache, of this process alone.

    Beside a door the fallback holds only what this process wrote while Redis could not answer.
    It is emptied when trust in Redis begins, because another process may have changed the same
    keys meanwhile. The journal names the keys that Redis has yet to hear of.

    ``hits`` and ``misses`` count the keys that reads found and did not find, wherever the answer
    came from.
    """

    def __init__(self, *, door: Door | None, prefix: str, entries: int, late: float) -> None:
        self.door = door
        self.prefix = prefix
        self.fallback = Fallback(entries=entries)
        self.journal = Journal(late=late)
        self.fallback_calls = self.hits = self.misses = 0
        if door is not None:
            door.breaker.subscribe(self._moved)
            door.writes.subscribe(self._moved)
            door.entrust(
                Purge(door=door, journal=self.journal, fallback=self.fallback, prefix=prefix)
            )

    @property
    def is_shared(self) -> bool:
        """Whether Redis answers for every key at this moment, for all processes alike."""
        return self.door is not None and self.door.is_trusted and not self.journal.names

    @property
    def unsettled(self) -> int:
        """How many keys Redis has yet to hear of; "all of them" counts as one."""
        return len(self.journal)

    def changed(self, names: Iterable[str], *, was_sent: bool) -> None:
        """Note keys that were changed in the fallback, after they were."""
        if self.door is not None:
            self.journal.note(names, was_sent=was_sent)
            self.door.look_after()

    def changed_everything(self) -> None:
        """Note that any key may have been changed."""
        if self.door is not None:
            self.journal.note_everything()
            self.door.look_after()

    def _moved(self, change: Transition) -> None:
        if change.after.state is State.CLOSED:
            self.fallback.clear()


_stores: Registry[tuple[str, str], Store] = Registry()


def store_at(url: str, *, name: str, prefix: str, options: Mapping[str, Any]) -> Store:
    """Return this process's store; Django makes one cache object per thread, all share it."""
    return _stores.get((name, url), lambda: _new(url, name, prefix, options))


def store(alias: str = "default") -> Store:
    """Return the store behind the cache ``alias``."""
    url, name, options = configured(alias)
    prefix = str(settings.CACHES[alias].get("KEY_PREFIX", ""))
    return store_at(url, name=name, prefix=prefix, options=options)


def clear_shared(alias: str = "default") -> bool:
    """
    Remove from Redis what all processes keep under ``alias``, and tell whether all of it is gone.

    For the keys of a process that ended before Redis could be told of its changes: nobody knows
    their names any more.
    """
    found = store(alias)
    if found.door is None:
        return True
    if not found.door.is_up():
        return False
    try:
        sweep(found.door.client, prefix=found.prefix)
    except RedisUnavailableError:
        return False
    return True


def _new(url: str, name: str, prefix: str, options: Mapping[str, Any]) -> Store:
    return Store(
        door=door_at(url, name=name, options=options) if url else None,
        prefix=prefix,
        entries=options.get("FALLBACK_ENTRIES", 1000),
        late=options.get("LATE_SECONDS", LATE_SECONDS),
    )
