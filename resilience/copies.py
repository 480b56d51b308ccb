"""
Copies of security facts: rows that every request asks about, kept in Redis for seconds.

The row is the truth. A copy may spare a query, and five rules keep it from ever being kinder
than the row:

* it carries the version of its row, and nothing older replaces anything newer (one Lua script);
* what has ended leaves a tombstone, which outlives every copy and every request that might
  still write one;
* it lives at most ``SECURITY_COPY_TTL``, which bounds what a process can believe while only
  another one has lost Redis;
* a process that has just begun to trust Redis again believes no copy for as long as one lives: a
  tombstone may have been lost, or a write of before may have arrived late;
* what Redis shows late is not believed either: it may have stood still meanwhile, with a tombstone
  waiting that nobody who sent it waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings

from resilience.errors import RedisUnavailableError
from resilience.redis import Door, door
from resilience.registry import Registry
from resilience.scripts import Script

# Longer than any request can hold a row it has read before it writes the copy.
_SLOWEST_REQUEST = timedelta(seconds=60)
# Seconds. Less than any writer waits before it gives a standing Redis up.
_QUICK = 0.05

# Values that are not read again while they are the same, about 0.9 kB each.
_REMEMBERED = 4_096

# In place of facts that have changed, where nobody has ended.
_UNKNOWN = b"null"

_FILL = Script("""
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^(%d+)|') or '-1') >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'PX', ARGV[3])
return 1
""")

_BURY = Script("""
for _, key in ipairs(KEYS) do
    local held = redis.call('GET', key)
    if not held or tonumber(string.match(held, '^(%d+)|') or '-1') <= tonumber(ARGV[1]) then
        redis.call('SET', key, ARGV[1] .. '|' .. ARGV[3], 'PX', ARGV[2])
    end
end
return 1
""")


Errand = Callable[[tuple[str, ...]], list[Any] | None]
"""Something else to do in Redis that brings the values of the keys along, or ``None``."""


@dataclass(frozen=True, slots=True)
class Copy:
    """
    What Redis holds of a row; ``facts`` is ``None`` for one that has ended, and is to be read only.

    What is held unchanged is one and the same object each time it was asked for lately.
    """

    version: int
    facts: dict[str, Any] | None


class Copies:
    """
    Copies behind one door; ``longest`` is the longest life of one, and one is believed that was
    shown within ``quick`` seconds.

    ``hits`` and ``misses`` count the copies that reads found, and those a row was read for.
    """

    def __init__(
        self, door: Door, *, prefix: str, longest: timedelta, quick: float = _QUICK
    ) -> None:
        self._door = door
        self._prefix = prefix
        self._longest = longest
        self._calm_after = longest.total_seconds()
        self._quick = quick
        self.hits = self.misses = 0

    def read(self, *keys: str, errand: Errand | None = None) -> list[Copy | None]:
        found = self._read(keys, errand)
        hits = len(found) - found.count(None)
        self.hits += hits
        self.misses += len(found) - hits
        return found

    def _read(self, keys: tuple[str, ...], errand: Errand | None) -> list[Copy | None]:
        may_believe = self._may_believe()
        if may_believe or errand:
            asked = time.monotonic()
            held = (errand or self._fetch)(self._full(keys))
            is_quick = time.monotonic() - asked <= self._quick
            if held is None:
                self._door.doubt()
            elif may_believe and is_quick and self._is_calm():
                return [_parsed(value) for value in held]
        return [None] * len(keys)

    def _fetch(self, keys: tuple[str, ...]) -> list[Any] | None:
        try:
            held: list[Any] = self._door.client.ask("MGET", *keys)
        except RedisUnavailableError:
            return None
        return held

    def fill(self, key: str, *, version: int, facts: dict[str, Any], lifetime: timedelta) -> None:
        if not self._door.is_trusted:
            return  # before any work for a copy that nobody takes
        milliseconds = _milliseconds(min(lifetime, self._longest))
        self._send(_FILL, (key,), version, orjson.dumps(facts), milliseconds)

    def bury(
        self,
        *keys: str,
        version: int,
        lifetime: timedelta,
        is_news: bool = True,
        is_ended: bool = True,
    ) -> None:
        needed = _milliseconds(max(lifetime, self._longest + _SLOWEST_REQUEST))
        arguments = version, needed, b"" if is_ended else _UNKNOWN
        if not self._send(_BURY, keys, *arguments) and is_news:
            # Whoever still reaches Redis would believe the copy for as long as it lives.
            self._door.insist(_BURY, keys=self._full(keys), arguments=arguments)

    def _full(self, keys: Iterable[str]) -> tuple[str, ...]:
        return tuple([self._prefix + key for key in keys])

    def _send(self, script: Script, keys: tuple[str, ...], *arguments: Any) -> bool:
        if not self._door.is_up():
            return False
        try:
            self._door.run(script, keys=self._full(keys), arguments=arguments)
        except RedisUnavailableError:
            self._door.doubt()
            return False
        return True

    def _may_believe(self) -> bool:
        return self._door.is_up() and self._is_calm()

    def _is_calm(self) -> bool:
        return self._door.seconds_since_trouble() > self._calm_after


def read(*keys: str, errand: Errand | None = None) -> list[Copy | None]:
    """
    Return what Redis holds under ``keys``, in one round trip, which ``errand`` may make.

    ``None`` means "read the row": there is no copy, or Redis is not configured, not answering, or
    not to be believed yet. The errand is run in any case, and what it raises is raised.
    """
    copies = _copies()
    if copies:
        return copies.read(*keys, errand=errand)
    if errand:
        errand(())
    return [None] * len(keys)


def fill(key: str, *, version: int, facts: dict[str, Any], lifetime: timedelta) -> None:
    """
    Keep ``facts`` of a row of ``version``, at most ``SECURITY_COPY_TTL`` long.

    Refused in silence if Redis holds that version or a newer one, tombstones included; trouble
    with Redis is silent too, since only speed is lost.
    """
    copies = _copies()
    if copies:
        copies.fill(key, version=version, facts=facts, lifetime=lifetime)


def bury(
    *keys: str, version: int, lifetime: timedelta, is_news: bool = True, is_ended: bool = True
) -> None:
    """
    Put a tombstone in the place of every copy up to ``version``, for at least as long as one lives.

    It never raises: call it after the rows have ended, which is what counts. News is tried once
    even with the circuit open, because another process may have closed its own already; what was
    found to have ended long ago is not worth a quarter of a second to a caller who may be anybody.

    A tombstone says that its bearer has ended, who counts as a stranger from then on
    (``resilience.ratelimit``); with ``is_ended`` off it says only that the facts have changed.
    """
    copies = _copies()
    if copies and keys:
        copies.bury(*keys, version=version, lifetime=lifetime, is_news=is_news, is_ended=is_ended)


def figures() -> tuple[int, int]:
    """Return how many copies reads of this process found, and how many they did not."""
    copies = _copies()
    return (copies.hits, copies.misses) if copies else (0, 0)


def is_shared() -> bool:
    """Whether Redis is configured, so that processes may share copies at all."""
    return door() is not None


_made: Registry[Door, Copies] = Registry()


def _copies() -> Copies | None:
    found = door()
    return None if found is None else _made.get(found, lambda: _behind(found))


def _behind(found: Door) -> Copies:
    # Not below the cache's own prefix: clearing the cache must not remove a tombstone.
    prefix = f"{settings.CACHES['default'].get('KEY_PREFIX', '')}.copy:"
    return Copies(found, prefix=prefix, longest=timedelta(seconds=settings.SECURITY_COPY_TTL))


@lru_cache(maxsize=_REMEMBERED)
def _parsed(value: bytes | None) -> Copy | None:
    """Read a copy; what this module cannot have written is none."""
    version, separator, facts = (value or b"").partition(b"|")
    if not separator or not version.isdigit():
        return None
    try:
        known = orjson.loads(facts) if facts else None
    except orjson.JSONDecodeError:
        return None
    return Copy(int(version), known) if known is None or isinstance(known, dict) else None


def _milliseconds(duration: timedelta) -> int:
    return max(1, int(duration / timedelta(milliseconds=1)))
