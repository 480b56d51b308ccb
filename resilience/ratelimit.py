"""
How many requests may come: sliding windows in Redis, and what counts them when Redis cannot.

A request is counted in all its windows or, if one is full, in none, by one script in one round
trip; the copies that a session check needs come back with it. Without Redis the policies of
authentication are counted in the database and all others by each process for its share. Both are
stricter than Redis, never looser:

* the database counts fixed windows, so each may hold half of the limit: no interval of a window's
  length then holds more than the limit;
* a process admits the limit divided by the number of processes;
* what Redis last told a process about a subject is taken off, and what was counted without Redis
  is taken off when Redis is back, until all of it has left the window.

What a process was never told it cannot take off: in the window in which Redis is lost, a subject
whom only other processes met still has its share at this one, and in the window in which Redis is
back, what only other processes counted is not known. Either adds less than one limit, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from plinto.kernel import randomness
from plinto.kernel.exceptions import CacheError
from resilience import controls, counters
from resilience.contract import enforces
from resilience.errors import RedisUnavailableError
from resilience.limits import Bucket
from resilience.policies import Policy
from resilience.redis import Door, door
from resilience.registry import Registry
from resilience.scripts import Script
from resilience.sliding import Ask, Filling, Hearsay, SlidingWindows
from resilience.verdicts import Verdict, tallied, verdicts

log = structlog.get_logger(__name__)

# Not below the cache's own prefix: clearing the cache must not open every window.
PREFIX = "plinto.rate:"
_PER_FIXED_WINDOW = 2

# KEYS are the caller's windows, the windows of strangers, then the copies; ARGV a name for this
# request, how many windows of each kind there are, then limit and milliseconds of each window.
#
# * Redis' clock counts, the same for all processes. Set back, it would keep old requests in the
#   window for the difference, so requests from the future count as of now.
# * The name makes the script idempotent: sent twice, it counts once.
# * A tombstone among the copies says that the session of this token has ended. Whoever still
#   holds it counts as a stranger, or a thief could use up the owner's limit.
_COUNT = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local own, strange = tonumber(ARGV[2]), tonumber(ARGV[3])

local copies, is_stranger = {}, 0
if #KEYS > own + strange then
    copies = redis.call('MGET', unpack(KEYS, own + strange + 1))
    for _, copy in ipairs(copies) do
        if strange > 0 and copy and string.match(copy, '^%d+|$') then is_stranger = 1 end
    end
end

local first, last = 1, own
if is_stranger == 1 then first, last = own + 1, own + strange end

local function oldest_of(key) return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] end

local is_admitted, counts, oldest = 1, {}, {}
for i = first, last do
    local key, most, width = KEYS[i], tonumber(ARGV[2 + 2 * i]), tonumber(ARGV[3 + 2 * i])
    oldest[i] = oldest_of(key)
    if oldest[i] and tonumber(oldest[i]) <= now - width then
        redis.call('ZREMRANGEBYSCORE', key, '-inf', now - width)
        oldest[i] = oldest_of(key)
    end
    local late = redis.call('ZRANGEBYSCORE', key, '(' .. now, '+inf')
    for _, name in ipairs(late) do redis.call('ZADD', key, now, name) end
    if #late > 0 then oldest[i] = oldest_of(key) end
    counts[i] = redis.call('ZCARD', key)
    if counts[i] >= most and not redis.call('ZSCORE', key, ARGV[1]) then is_admitted = 0 end
end

local told = {}
for i = first, last do
    local key, width = KEYS[i], tonumber(ARGV[3 + 2 * i])
    if is_admitted == 1 then
        counts[i] = counts[i] + redis.call('ZADD', key, now, ARGV[1])
        redis.call('PEXPIRE', key, width)
        oldest[i] = oldest[i] or now
    end
    told[#told + 1] = counts[i]
    told[#told + 1] = oldest[i] and oldest[i] + width - now or 0
end
return {is_admitted, is_stranger, told, copies}
""")


@enforces(controls.REQUEST_RATES)
class Limiter:
    """Counts for one process; ``processes`` tells how many share what is not counted in Redis."""

    def __init__(
        self,
        door: Door | None,
        *,
        processes: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = door
        self._processes = processes
        self._windows = SlidingWindows(clock=clock)
        self._told = Hearsay(clock=clock)
        self._counted = Hearsay(clock=clock)

    def take(
        self,
        policy: Policy,
        own: Sequence[Bucket],
        *,
        strangers: Sequence[Bucket] = (),
        copies: tuple[str, ...] = (),
    ) -> Verdict:
        """
        Count one request in ``own``, or in ``strangers`` if one of ``copies`` is a tombstone.

        :raises django.db.Error: neither Redis nor the database could count; let nobody in
        """
        where, verdict = self._count(policy, own, strangers=strangers, copies=copies)
        verdicts.note(policy, where=where, is_admitted=verdict.is_admitted)
        return verdict

    def give_back(self, policy: Policy, buckets: Sequence[Bucket]) -> None:
        """Take a request back that was counted without Redis."""
        if policy.is_authentication:
            counters.forgive(refunded=buckets)
            return
        for bucket in buckets:
            self._windows.give_back(bucket.key)

    def _count(
        self,
        policy: Policy,
        own: Sequence[Bucket],
        *,
        strangers: Sequence[Bucket],
        copies: tuple[str, ...],
    ) -> tuple[str, Verdict]:
        if not policy.asks_nobody and self._door is not None and self._door.is_up():
            try:
                verdict = self._in_redis(self._door, own, strangers=strangers, copies=copies)
            except RedisUnavailableError:
                pass  # the breaker has heard of it
            except CacheError as error:
                # Redis refused the script, or its answer is none: a reason to count elsewhere,
                # never to count nowhere.
                log.warning("ratelimit.not_in_redis", reason=error.reason)
            else:
                return "redis", verdict
        if policy.is_authentication:
            return "database", self._in_database(own)
        return "process", self._in_process(own)

    def _in_redis(
        self,
        door: Door,
        own: Sequence[Bucket],
        *,
        strangers: Sequence[Bucket],
        copies: tuple[str, ...],
    ) -> Verdict:
        keys: list[str] = []
        arguments: list[Any] = [randomness.take(8), len(own), len(strangers)]
        for bucket in (*own, *strangers):
            keys.append(PREFIX + bucket.key)
            arguments += (self._left_by_redis(bucket), bucket.limit.seconds * 1000)
        reply = door.run(_COUNT, keys=(*keys, *copies), arguments=tuple(arguments))
        is_admitted, is_stranger, told, found = _read(reply, copies=len(copies))
        buckets = strangers if is_stranger else own
        if len(told) != len(buckets):
            raise CacheError(reason="Redis answered about other windows")
        tallies = []
        for bucket, filling in zip(buckets, told, strict=True):
            self._told.note(bucket.key, count=filling.count, seconds=bucket.limit.seconds)
            most = self._left_by_redis(bucket)
            tallies.append(tallied(bucket, most=most, filling=filling))
        return Verdict(
            is_admitted=is_admitted, tallies=tuple(tallies), is_stranger=is_stranger, copies=found
        )

    def _left_by_redis(self, bucket: Bucket) -> int:
        """The limit without what was counted while Redis was not asked."""
        return max(0, bucket.limit.most - self._counted.of(bucket.key).count)

    def _in_process(self, buckets: Sequence[Bucket]) -> Verdict:
        rooms = [self._room(bucket, factor=self._processes()) for bucket in buckets]
        asks = [
            Ask(bucket.key, room, bucket.limit.seconds)
            for bucket, room in zip(buckets, rooms, strict=True)
        ]
        is_admitted, fillings = self._windows.take(asks)
        return self._without_redis(buckets, rooms, fillings, is_admitted=is_admitted)

    def _in_database(self, buckets: Sequence[Bucket]) -> Verdict:
        rooms = [self._room(bucket, factor=_PER_FIXED_WINDOW) for bucket in buckets]
        if not all(rooms):
            return self._without_redis(
                buckets, rooms, [Filling(0, 0.0)] * len(buckets), is_admitted=False
            )
        counts = counters.add(*buckets, now=timezone.now())
        fillings = [Filling(counts[each].number, counts[each].seconds) for each in buckets]
        is_admitted = all(
            filling.count <= room for filling, room in zip(fillings, rooms, strict=True)
        )
        return self._without_redis(buckets, rooms, fillings, is_admitted=is_admitted)

    def _room(self, bucket: Bucket, *, factor: int) -> int:
        return max(0, bucket.limit.most - self._told.of(bucket.key).count) // factor

    def _without_redis(
        self,
        buckets: Sequence[Bucket],
        rooms: Sequence[int],
        fillings: Sequence[Filling],
        *,
        is_admitted: bool,
    ) -> Verdict:
        tallies = []
        for bucket, room, filling in zip(buckets, rooms, fillings, strict=True):
            if is_admitted:
                self._counted.note(bucket.key, count=filling.count, seconds=bucket.limit.seconds)
            seconds = max(filling.seconds, self._told.of(bucket.key).seconds)
            tallies.append(tallied(bucket, most=room, filling=Filling(filling.count, seconds)))
        return Verdict(is_admitted=is_admitted, tallies=tuple(tallies))


def _read(reply: Any, *, copies: int) -> tuple[bool, bool, list[Filling], list[Any]]:
    """
    Check what Redis answered.

    :raises CacheError: it is nothing that the script returns
    """
    try:
        is_admitted, is_stranger, told, found = reply
        fillings = [
            Filling(int(told[place]), int(told[place + 1]) / 1000)
            for place in range(0, len(told), 2)
        ]
    except (IndexError, TypeError, ValueError) as error:
        raise CacheError(reason="Redis answered something else than counts") from error
    if is_admitted not in (0, 1) or not isinstance(found, list) or len(found) != copies:
        raise CacheError(reason="Redis answered something else than a verdict")
    return bool(is_admitted), bool(is_stranger), fillings, found


_limiters: Registry[Door | None, Limiter] = Registry()
_live_processes = 0


def limiter() -> Limiter:
    """Return the limiter of this process."""
    found = door()
    return _limiters.get(found, lambda: Limiter(found, processes=processes))


def processes() -> int:
    """How many web processes share a limit that each counts alone; at least ``WEB_WORKERS``."""
    return max(settings.WEB_WORKERS, _live_processes)


def believe_processes(count: int) -> None:
    """Take into account that ``count`` web processes run, on this machine and on others."""
    global _live_processes
    _live_processes = count
