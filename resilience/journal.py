"""
What Redis has yet to hear: keys that this process changed while it could not be told.

A key is noted when a change to it stayed here, or was sent and not answered. It is then deleted
from Redis, never written back, because another process's value may be newer; and deleted once
more ``LATE_SECONDS`` later, because a command that was given up may still be carried out. Only
then is it settled. Until then this process takes no answer of Redis about it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from resilience.forks import renew_after_fork

LATE_SECONDS: Final = 2.0

# Stands for all keys when their number passes the bound. No key is called so: all have colons.
EVERYTHING: Final = "*"

_NOT_YET = math.inf


class Journal:
    """
    A bounded set of unsettled keys; past ``entries`` it says "everything" and knows no names.

    ``names`` may be read without the lock, to see whether there are any. Thread-safe; a forked
    child starts empty, because its parent settles what it noted.
    """

    def __init__(
        self,
        *,
        entries: int = 10_000,
        late: float = LATE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.late = late
        self._entries = entries
        self._clock = clock
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        # Each key with the moment of the purge from which ``late`` counts.
        self.names: dict[str, float] = {}
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self.names)

    def covers(self, name: str) -> bool:
        """Whether Redis is not to be asked about this key."""
        names = self.names
        return name in names or EVERYTHING in names

    def note(self, names: Iterable[str], *, was_sent: bool) -> None:
        """
        Note that keys were changed here.

        ``was_sent`` tells that Redis may yet carry the change out, so the wait for late commands
        begins anew; a change that stayed here needs only one more purge after it.
        """
        with self._lock:
            if EVERYTHING in self._changed:
                # The next purge removes this key too, whatever it is.
                names = (EVERYTHING,)
            for name in names:
                if was_sent or name not in self.names:
                    self.names[name] = _NOT_YET
                self._changed.add(name)
            if len(self.names) > self._entries:
                self._forget_names()

    def note_everything(self) -> None:
        """Note that any key may have been changed."""
        with self._lock:
            self._forget_names()

    def due_in(self, *, is_trusted: bool) -> float | None:
        """Seconds until there is something to purge; ``None`` if there is nothing to wait for."""
        with self._lock:
            if self._changed:
                return 0.0
            if not self.names or not is_trusted:
                return None
            return max(0.0, min(self.names.values()) + self.late - self._clock())

    def take(self, *, older_than: float) -> frozenset[str]:
        """Return the keys to purge now: changed since their purge, or purged that long ago."""
        with self._lock:
            before = self._clock() - older_than
            old = (name for name, purged_at in self.names.items() if purged_at <= before)
            taken = self._changed.union(old)
            self._changed = set()
            return frozenset(taken)

    def put_back(self, taken: frozenset[str]) -> None:
        """The purge failed: all of it is still to be done."""
        with self._lock:
            self._changed.update(taken & self.names.keys())

    def purged(self, taken: frozenset[str], *, at: float, is_trusted: bool) -> None:
        """
        The purge was sent after ``at`` and carried out.

        While Redis is not trusted nothing is settled, since commands that were given up before
        the outage may wait for its end.
        """
        with self._lock:
            for name in (taken & self.names.keys()) - self._changed:
                purged_at = self.names[name]
                if not is_trusted or purged_at == _NOT_YET:
                    self.names[name] = at
                elif at - purged_at >= self.late:
                    del self.names[name]

    def _forget_names(self) -> None:
        # Replaced as a whole: a reader without the lock never finds a key uncovered between.
        self.names = {EVERYTHING: _NOT_YET}
        self._changed = {EVERYTHING}
