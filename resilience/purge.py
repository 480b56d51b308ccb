"""Makes Redis forget the keys of a journal, as soon as it can be reached at all."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
import structlog
from django_redis.client.default import glob_escape  # type: ignore[import-untyped]
from redis.exceptions import RedisError

from resilience.fallback import Fallback
from resilience.forks import renew_after_fork
from resilience.guarded import one_attempt
from resilience.journal import EVERYTHING, Journal
from resilience.redis import Door

# A key that is changed here during its last purge needs another one. On the open connection that
# takes a round trip, so even a key that is written all the time is settled soon.
_ROUNDS = 5

# Keys per command. A larger one would keep Redis from answering others for longer.
_AT_ONCE = 500

_log = structlog.get_logger(__name__)


class Purge:
    """
    Settles a journal on connections of its own that no breaker hears of.

    The circuit may stay open for a minute after Redis has come back; other processes, which may
    trust it already, must not read for that long what was deleted here.
    """

    def __init__(self, *, door: Door, journal: Journal, fallback: Fallback, prefix: str) -> None:
        self._door = door
        self._journal = journal
        self._fallback = fallback
        self._prefix = prefix
        self._clock = door.breaker.clock
        # Between two attempts, each of which may cost a new connection: a second.
        self._pause = journal.late / 2
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._tried_at = -math.inf

    def due_in(self) -> float | None:
        """Seconds until the next attempt; ``None`` if nothing is left to do."""
        wait = self._journal.due_in(is_trusted=self._door.is_trusted)
        if wait is None:
            return None
        return max(wait, self._tried_at + self._pause - self._clock())

    def attempt(self) -> None:
        """Purge what is due, if it is time."""
        wait = self.due_in()
        if wait is not None and wait <= 0:
            self._purge(older_than=self._journal.late)

    def before_trust(self) -> bool:
        """Purge all that was noted, and tell whether Redis may be trusted now."""
        if not self._purge(older_than=self._pause):
            return False
        self._fallback.clear()
        return True

    def _purge(self, *, older_than: float) -> bool:
        # Waiting for another thread's purge would take as long as the purge itself.
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._purge_alone(older_than)
        finally:
            self._lock.release()

    def _purge_alone(self, older_than: float) -> bool:
        taken = self._journal.take(older_than=older_than)
        if not taken:
            return True
        self._tried_at = self._clock()
        try:
            with _connected(self._door) as client:
                for _ in range(_ROUNDS):
                    self._carry_out(client, taken)
                    taken = self._journal.take(older_than=older_than)
                    if not taken:
                        break
        except (RedisError, OSError):
            return False
        finally:
            self._journal.put_back(taken)
        return True

    def _carry_out(self, client: redis.Redis, taken: frozenset[str]) -> None:
        began, is_trusted = self._clock(), self._door.is_trusted
        if EVERYTHING in taken:
            sweep(client, prefix=self._prefix)
            _log.warning("cache_cleared", cache=self._door.name)
        else:
            unlink(client, sorted(taken))
        self._journal.purged(taken, at=began, is_trusted=is_trusted)
        if is_trusted:
            self._drop_what_is_settled()

    def _drop_what_is_settled(self) -> None:
        # A change is made here first and noted then, so what is uncovered has been settled, or
        # is being changed at this moment and will be noted without its value.
        for name in self._fallback.names():
            if not self._journal.covers(name):
                self._fallback.delete(name)


def unlink(client: redis.Redis, names: Sequence[str]) -> None:
    """Remove keys, some hundred at a time."""
    for start in range(0, len(names), _AT_ONCE):
        # A name that is no UTF-8 cannot be in Redis, and must not keep the others there.
        some = (name.encode("utf-8", "surrogatepass") for name in names[start : start + _AT_ONCE])
        client.unlink(*some)


def sweep(client: redis.Redis, *, prefix: str) -> None:
    """
    Remove every key under the prefix of a cache, a batch at a time.

    FLUSHDB would take the tombstones of ended sessions with it.
    """
    cursor, pattern = 0, f"{glob_escape(prefix)}:*"
    while True:
        cursor, keys = client.scan(cursor, match=pattern, count=_AT_ONCE)
        if keys:
            client.unlink(*keys)
        if cursor == 0:
            return


@contextmanager
def _connected(door: Door) -> Iterator[redis.Redis]:
    pool = redis.ConnectionPool.from_url(door.url, **one_attempt(door.policy.probe_timeout))
    try:
        yield redis.Redis(connection_pool=pool)
    finally:
        pool.disconnect()
