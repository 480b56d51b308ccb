"""How long a cached value still lives, under the names and with the answers of django-redis."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from resilience.routing import Routing, in_thread

Moment = datetime | float
Duration = timedelta | float


class Expiry(Routing):
    """
    In the fallback a value ends as it would in Redis.

    ``ttl`` and ``pttl`` answer 0 for a key that is not there and ``None`` for one that never ends.
    """

    def ttl(self, key: str, version: int | None = None) -> int | None:
        milliseconds = self.pttl(key, version=version)
        # Redis rounds in the same way.
        return None if milliseconds is None else (milliseconds + 500) // 1000

    def pttl(self, key: str, version: int | None = None) -> int | None:
        name = self._name(key, version)
        return self._read(
            name,
            lambda client: client.remaining(name),
            lambda fallback: fallback.remaining(name),
        )

    def persist(self, key: str, version: int | None = None) -> bool:
        """Let the value live for ever; false if it is not there or does so already."""
        name = self._name(key, version)
        return self._write(
            (name,),
            lambda client: bool(client.persist(name)),
            lambda fallback: fallback.persist(name),
        )

    def expire(self, key: str, timeout: Any, version: int | None = None) -> bool:
        """Let the value end in ``timeout`` seconds; what is over already removes it."""
        if timeout is DEFAULT_TIMEOUT:
            return self.touch(key, version=version)
        return self._end_in(_seconds(timeout), key, version)

    def pexpire(self, key: str, timeout: Duration, version: int | None = None) -> bool:
        """Let the value end in ``timeout`` milliseconds."""
        seconds = _seconds(timeout) if isinstance(timeout, timedelta) else timeout / 1000
        return self._end_in(seconds, key, version)

    def expire_at(self, key: str, when: Moment, version: int | None = None) -> bool:
        """Let the value end at ``when``, a moment or seconds of Unix time."""
        moment = when.timestamp() if isinstance(when, datetime) else when
        return self._end_at(moment, key, version)

    def pexpire_at(self, key: str, when: Moment, version: int | None = None) -> bool:
        """Let the value end at ``when``, a moment or milliseconds of Unix time."""
        moment = when.timestamp() if isinstance(when, datetime) else when / 1000
        return self._end_at(moment, key, version)

    attl = in_thread(ttl)
    apttl = in_thread(pttl)
    apersist = in_thread(persist)
    aexpire = in_thread(expire)
    apexpire = in_thread(pexpire)
    aexpire_at = in_thread(expire_at)
    apexpire_at = in_thread(pexpire_at)

    def _end_in(self, seconds: float, key: str, version: int | None) -> bool:
        name = self._name(key, version)
        return self._write(
            (name,),
            lambda client: bool(client.pexpire(name, int(seconds * 1000))),
            lambda fallback: fallback.touch(name, lifetime=seconds),
        )

    def _end_at(self, moment: float, key: str, version: int | None) -> bool:
        name = self._name(key, version)
        return self._write(
            (name,),
            lambda client: bool(client.pexpire_at(name, int(moment * 1000))),
            lambda fallback: fallback.touch(name, lifetime=moment - time.time()),
        )


def _seconds(duration: Duration) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration
