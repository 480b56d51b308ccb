"""
Django's cache on Redis, with an answer of its own for every operation when Redis gives none.

A read says what it accepts then. ``stale="bounded"``, the default, takes what this process wrote
since Redis was lost, until the end of its timeout; another process may know better.
``stale="never"`` takes nothing: use it for whatever a security decision rests on, and ask the
database after the miss. Writes, ``add`` and ``incr`` are then local to the process, which
``is_shared`` tells; nothing that must be unique across processes may rest on them.

A write whose answer did not come is not sent again: Redis may have carried it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django_redis.util import CacheKey  # type: ignore[import-untyped]

from resilience import controls
from resilience.codec import MISSING, decode, encode
from resilience.contract import enforces
from resilience.errors import RedisCommandError, RedisUnavailableError
from resilience.fallback import Fallback
from resilience.kept import KeptClient
from resilience.stores import store_at

Stale = Literal["bounded", "never"]
Answer = TypeVar("Answer")


@enforces(controls.CACHE_READS)
class ResilientCache(BaseCache):
    """The cache backend; settings are ``LOCATION`` (may be empty) and ``OPTIONS``."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = params.get("OPTIONS", {})
        self._store = store_at(location, name=options.get("NAME", "default"), options=options)
        door = self._store.door
        self._client = KeptClient(door, params, self) if door is not None else None

    @property
    def is_shared(self) -> bool:
        """Whether the answers come from Redis at this moment, for all processes alike."""
        return self._store.door is not None and self._store.door.is_trusted

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        name, lifetime = self._name(key, version), self._lifetime(timeout)
        if lifetime is not None and lifetime <= 0:
            return not self.has_key(key, version=version)
        return self._either(
            lambda client: bool(client.add(name, value, timeout=lifetime)),
            lambda fallback: fallback.add(name, encode(value), lifetime=lifetime),
        )

    def get(
        self,
        key: str,
        default: Any = None,
        version: int | None = None,
        *,
        stale: Stale = "bounded",
    ) -> Any:
        name = self._name(key, version)
        value = self._either(
            lambda client: client.get(name, default=MISSING),
            lambda fallback: decode(_peek(fallback, name, stale)),
        )
        is_hit = value is not MISSING
        self._count(hits=int(is_hit), misses=int(not is_hit))
        return value if is_hit else default

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        name, lifetime = self._name(key, version), self._lifetime(timeout)
        if lifetime is not None and lifetime <= 0:
            self.delete(key, version=version)
            return
        self._either(
            lambda client: client.set(name, value, timeout=lifetime),
            lambda fallback: fallback.set(name, encode(value), lifetime=lifetime),
        )

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        name, lifetime = self._name(key, version), self._lifetime(timeout)
        if lifetime is not None and lifetime <= 0:
            return self.delete(key, version=version)
        return self._either(
            lambda client: bool(client.touch(name, timeout=lifetime)),
            lambda fallback: fallback.touch(name, lifetime=lifetime),
        )

    def delete(self, key: str, version: int | None = None) -> bool:
        name = self._name(key, version)
        return self._either(
            lambda client: bool(client.delete(name)), lambda fallback: fallback.delete(name)
        )

    def has_key(self, key: str, version: int | None = None, *, stale: Stale = "bounded") -> bool:
        name = self._name(key, version)
        return self._either(
            lambda client: bool(client.has_key(name)),
            lambda fallback: _peek(fallback, name, stale) is not None,
        )

    def get_many(
        self, keys: Iterable[str], version: int | None = None, *, stale: Stale = "bounded"
    ) -> dict[str, Any]:
        names = {self._name(key, version): key for key in keys}
        values = self._either(
            lambda client: client.get_many(list(names)),
            lambda fallback: {name: decode(_peek(fallback, name, stale)) for name in names},
        )
        found = {names[name]: value for name, value in values.items() if value is not MISSING}
        self._count(hits=len(found), misses=len(names) - len(found))
        return found

    def set_many(
        self,
        data: Mapping[str, Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[str]:
        lifetime = self._lifetime(timeout)
        if lifetime is not None and lifetime <= 0:
            self.delete_many(data, version=version)
            return []
        named = {self._name(key, version): value for key, value in data.items()}

        def keep(fallback: Fallback) -> None:
            for name, encoded in [(name, encode(value)) for name, value in named.items()]:
                fallback.set(name, encoded, lifetime=lifetime)

        if named:
            self._either(lambda client: client.set_many(named, timeout=lifetime), keep)
        return []

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        names = [self._name(key, version) for key in keys]
        self._either(
            lambda client: client.delete_many(names),
            lambda fallback: sum(fallback.delete(name) for name in names),
        )

    def get_or_set(
        self,
        key: str,
        default: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
        *,
        stale: Stale = "bounded",
    ) -> Any:
        value = self.get(key, MISSING, version=version, stale=stale)
        if value is not MISSING:
            return value
        made = default() if callable(default) else default
        if not self.add(key, made, timeout=timeout, version=version):
            return self.get(key, made, version=version, stale=stale)
        return decode(encode(made))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """
        Add ``delta`` in one step, once.

        :raises ValueError: there is nothing under ``key``
        :raises TypeError: what is there, or would be, is not a whole number of 64 bits
        """
        name = self._name(key, version)
        try:
            number = self._either(
                lambda client: client.increase(name, delta),
                lambda fallback: fallback.increase(name, by=delta),
            )
        except RedisCommandError as error:
            raise TypeError("Only whole numbers of 64 bits can be counted.") from error
        if number is None:
            raise ValueError(f"Key {key!r} not found")
        return number

    def incr_version(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """
        Move the value to another version of its key, in one step and with its remaining time.

        :raises ValueError: there is nothing under ``key``
        """
        before = self.version if version is None else version
        old, new = self._name(key, before), self._name(key, before + delta)
        if not self._either(
            lambda client: client.rename(old, new), lambda fallback: fallback.rename(old, new)
        ):
            raise ValueError(f"Key {key!r} not found")
        return before + delta

    def clear(self) -> None:
        """Remove what is under this cache's prefix; other data in the same Redis stays."""
        self._either(lambda client: client.clear_prefix(), lambda fallback: fallback.clear())

    async def aget(self, *args: Any, **kwargs: Any) -> Any:
        return await _in_thread(self.get, *args, **kwargs)

    async def aget_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return await _in_thread(self.get_many, *args, **kwargs)

    async def aget_or_set(self, *args: Any, **kwargs: Any) -> Any:
        return await _in_thread(self.get_or_set, *args, **kwargs)

    async def ahas_key(self, *args: Any, **kwargs: Any) -> bool:
        return await _in_thread(self.has_key, *args, **kwargs)

    async def aset_many(self, *args: Any, **kwargs: Any) -> list[str]:
        return await _in_thread(self.set_many, *args, **kwargs)

    async def adelete_many(self, *args: Any, **kwargs: Any) -> None:
        return await _in_thread(self.delete_many, *args, **kwargs)

    async def aincr(self, *args: Any, **kwargs: Any) -> int:
        return await _in_thread(self.incr, *args, **kwargs)

    async def adecr(self, *args: Any, **kwargs: Any) -> int:
        return await _in_thread(self.decr, *args, **kwargs)

    async def aincr_version(self, *args: Any, **kwargs: Any) -> int:
        return await _in_thread(self.incr_version, *args, **kwargs)

    def _either(
        self, ask: Callable[[KeptClient], Answer], instead: Callable[[Fallback], Answer]
    ) -> Answer:
        """Ask Redis if it can be trusted, else the fallback."""
        store = self._store
        if self._client is not None and store.door is not None and store.door.is_up():
            try:
                answer = ask(self._client)
            except RedisUnavailableError:
                pass
            else:
                # Redis answers: what was kept while it did not is no longer the newest.
                if store.fallback:
                    store.fallback.clear()
                return answer
        store.fallback_calls += 1
        return instead(store.fallback)

    def _count(self, *, hits: int, misses: int) -> None:
        self._store.hits += hits
        self._store.misses += misses

    def _name(self, key: str, version: int | None) -> CacheKey:
        return CacheKey(self.make_key(key, version=version))

    def _lifetime(self, timeout: float | None) -> float | None:
        """Seconds to keep a value, ``None`` for ever."""
        return self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout


def _peek(fallback: Fallback, name: str, stale: Stale) -> bytes | None:
    return fallback.get(name) if stale == "bounded" else None


async def _in_thread(function: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
    return await sync_to_async(function, thread_sensitive=True)(*args, **kwargs)
