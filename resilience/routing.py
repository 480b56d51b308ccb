"""Who answers an operation of the cache: Redis, or in its place the fallback of this process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django_redis.util import CacheKey  # type: ignore[import-untyped]

from resilience.errors import RedisUnavailableError
from resilience.fallback import Fallback
from resilience.kept import KeptClient
from resilience.stores import store_at

Stale = Literal["bounded", "never"]
Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


class Routing(BaseCache):
    """
    One rule for reads, one for writes, one for what only Redis can do.

    Redis is asked if it is trusted and the journal does not name the key. A change that Redis did
    not confirm is made in the fallback first and noted in the journal then: in the other order a
    purge between the two would leave a value in the fallback that nobody removes.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = params.get("OPTIONS", {})
        self._store = store_at(
            location,
            name=options.get("NAME", "default"),
            prefix=self.key_prefix,
            options=options,
        )
        door = self._store.door
        self._client = KeptClient(door, params, self) if door is not None else None

    @property
    def is_shared(self) -> bool:
        """Whether the answers come from Redis at this moment, for all processes alike."""
        return self._store.is_shared

    def _read(
        self,
        name: CacheKey,
        ask: Callable[[KeptClient], Answer],
        instead: Callable[[Fallback], Answer],
    ) -> Answer:
        store, client = self._store, self._client
        if client is not None and store.door is not None and store.door.is_up():
            journal = store.journal
            if not (journal.names and journal.covers(name)):
                try:
                    return ask(client)
                except RedisUnavailableError:
                    pass
        store.fallback_calls += 1
        return instead(store.fallback)

    def _write(
        self,
        names: Collection[CacheKey],
        ask: Callable[[KeptClient], Answer],
        instead: Callable[[Fallback], Answer],
    ) -> Answer:
        """Change ``names`` together, in one place or the other."""
        store, client, was_sent = self._store, self._client, False
        if client is not None and len(self._askable(names)) == len(names):
            try:
                return ask(client)
            except RedisUnavailableError:
                was_sent = True
        store.fallback_calls += 1
        try:
            return instead(store.fallback)
        finally:
            store.changed(names, was_sent=was_sent)

    def _askable(self, names: Collection[CacheKey]) -> Collection[CacheKey]:
        """Keep the names that Redis may be asked about."""
        store = self._store
        if store.door is None or not store.door.is_up():
            return ()
        journal = store.journal
        return [name for name in names if not journal.covers(name)] if journal.names else names

    def _together(self, names: Collection[CacheKey]) -> list[Collection[CacheKey]]:
        """Part the names that Redis may be asked about from those that it may not."""
        journal = self._store.journal
        if not journal.names:
            return [names] if names else []
        kept = {name for name in names if journal.covers(name)}
        parts = ([name for name in names if name not in kept], list(kept))
        return [part for part in parts if part]

    def _only_redis(self, *names: CacheKey) -> KeptClient:
        """
        Return the client for what has no local answer.

        :raises RedisUnavailableError: Redis is not configured, not trusted, or has yet to hear of
            a change to one of the keys
        """
        store = self._store
        if self._client is None or store.door is None:
            raise RedisUnavailableError(reason="no Redis is configured")
        if not store.door.is_up() or any(map(store.journal.covers, names)):
            raise RedisUnavailableError(reason="Redis is not trusted with it")
        return self._client

    def _count(self, *, hits: int, misses: int) -> None:
        self._store.hits += hits
        self._store.misses += misses

    def _name(self, key: str, version: int | None) -> CacheKey:
        return CacheKey(self.make_key(key, version=version))

    def _lifetime(self, timeout: float | None) -> float | None:
        """Seconds to keep a value, ``None`` for ever."""
        return self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout


def in_thread(
    method: Callable[Concatenate[Any, Arguments], Answer],
) -> Callable[Concatenate[Any, Arguments], Coroutine[Any, Any, Answer]]:
    """Make the asynchronous twin of a method, which runs it in Django's thread for such calls."""

    async def ask(cache: Any, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        # By its name, so that a subclass that replaces the method has replaced its twin.
        own = getattr(cache, method.__name__)
        answer: Answer = await sync_to_async(own, thread_sensitive=True)(*args, **kwargs)
        return answer

    functools.update_wrapper(ask, method)
    return ask
