"""
What only Redis can do: sorted sets, locks, pipelines, raw commands.

A sorted set of one process would be a lie to whoever counts requests in it, and a lock of one
process would keep nobody out. So these raise ``RedisUnavailableError`` while Redis is not
configured, not trusted, or has yet to hear of a change to the key; whoever needs a lock then
takes one in the database. Nothing of this is noted in the journal: the caller hears that a
command had no answer, and deleting a whole sorted set would be worse than not knowing.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from redis.exceptions import RedisError

from resilience.client import GuardedPipeline
from resilience.errors import RedisLockError, RedisUnavailableError
from resilience.kept import KeptClient
from resilience.locks import Lock
from resilience.routing import Routing, in_thread
from resilience.trouble import translated


def _sorted_set(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let Redis do it under the finished key, or nobody."""

    @functools.wraps(method)
    def ask(
        cache: OnlyShared, key: str, *args: Any, version: int | None = None, **options: Any
    ) -> Any:
        name = cache._name(key, version)
        client = cache._only_redis(name)
        try:
            return method(client, name, *args, **options)
        except RedisError as error:
            # Some arguments are refused before anything is sent.
            raise translated(error) from error

    return ask


class OnlyShared(Routing):
    """Names and arguments are those of django-redis; members are JSON values."""

    zadd = _sorted_set(KeptClient.zadd)
    zincrby = _sorted_set(KeptClient.zincrby)
    zrange = _sorted_set(KeptClient.zrange)
    zrevrange = _sorted_set(KeptClient.zrevrange)
    zrangebyscore = _sorted_set(KeptClient.zrangebyscore)
    zrevrangebyscore = _sorted_set(KeptClient.zrevrangebyscore)
    zrem = _sorted_set(KeptClient.zrem)
    zremrangebyscore = _sorted_set(KeptClient.zremrangebyscore)
    zcard = _sorted_set(KeptClient.zcard)
    zcount = _sorted_set(KeptClient.zcount)
    zscore = _sorted_set(KeptClient.zscore)
    zrank = _sorted_set(KeptClient.zrank)

    azadd = in_thread(zadd)
    azincrby = in_thread(zincrby)
    azrange = in_thread(zrange)
    azrevrange = in_thread(zrevrange)
    azrangebyscore = in_thread(zrangebyscore)
    azrevrangebyscore = in_thread(zrevrangebyscore)
    azrem = in_thread(zrem)
    azremrangebyscore = in_thread(zremrangebyscore)
    azcard = in_thread(zcard)
    azcount = in_thread(zcount)
    azscore = in_thread(zscore)
    azrank = in_thread(zrank)

    @property
    def client(self) -> KeptClient:
        """
        The client of django-redis; its ``get_client()`` is the raw one, guarded all the same.

        :raises RedisUnavailableError: no Redis is configured
        """
        if self._client is None:
            raise RedisUnavailableError(reason="no Redis is configured")
        return self._client

    def pipeline(self, *, transaction: bool = True) -> GuardedPipeline:
        """
        Return a pipeline of raw commands; their keys are ``make_key``'s and their values bytes.

        :raises RedisUnavailableError: here or in ``execute``, and then any of it may have been done
        """
        return self._only_redis().get_client().pipeline(transaction)

    def lock(
        self,
        key: str,
        version: int | None = None,
        *,
        timeout: float = 60.0,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = 10.0,
        thread_local: bool = True,
    ) -> Lock:
        """
        Return a lock for ``with``, which waits for it ``blocking_timeout`` seconds.

        It ends by itself after ``timeout``, because its holder may die. It is no cached value:
        neither ``clear`` nor a purge removes it.

        :raises RedisUnavailableError: also inside ``with``; nobody holds it then for certain
        :raises RedisLockError: inside ``with``: somebody else has it, or it ended too early
        """
        client = self._only_redis().get_client()
        number = self.version if version is None else version
        return Lock(
            client,
            f"{self.key_prefix}.lock:{number}:{key}",
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
            thread_local=thread_local,
        )

    @asynccontextmanager
    async def alock(
        self,
        key: str,
        version: int | None = None,
        *,
        sleep: float = 0.1,
        blocking_timeout: float | None = 10.0,
        **options: Any,
    ) -> AsyncIterator[Lock]:
        """Hold the lock for the time of an ``async with``; see ``lock``."""
        lock = self.lock(key, version, thread_local=False, **options)
        began = time.monotonic()
        # Waiting in the one thread for such calls would keep the holder from releasing it there.
        while not await sync_to_async(lock.acquire, thread_sensitive=True)(blocking=False):
            if blocking_timeout is not None and time.monotonic() - began > blocking_timeout:
                raise RedisLockError(reason="somebody else holds the lock")
            await asyncio.sleep(sleep)
        try:
            yield lock
        finally:
            await sync_to_async(lock.release, thread_sensitive=True)()
