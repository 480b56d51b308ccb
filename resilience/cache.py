"""
Django's cache on Redis, with an answer of its own for every operation when Redis gives none.

A read says what it accepts then. ``stale="bounded"``, the default, takes what this process wrote
since Redis was lost, until the end of its timeout; another process may know better.
``stale="never"`` takes nothing: use it for whatever a security decision rests on, and ask the
database after the miss. Writes, ``add`` and ``incr`` are then local to the process, which
``is_shared`` tells; nothing that must be unique across processes may rest on them.

A write whose answer did not come is not sent again: Redis may have carried it out. Its key is
deleted there before anybody in this process asks for it again. docs/cache.md lists every
operation in every state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django_redis.util import CacheKey  # type: ignore[import-untyped]

from resilience import controls
from resilience.codec import MISSING, decode, encode
from resilience.contract import enforces
from resilience.errors import RedisCommandError, RedisUnavailableError
from resilience.expiry import Expiry
from resilience.fallback import Fallback
from resilience.only_shared import OnlyShared
from resilience.patterns import Patterns
from resilience.routing import Stale, in_thread


@enforces(controls.CACHE_READS)
class ResilientCache(Expiry, Patterns, OnlyShared):
    """The cache backend; settings are ``LOCATION`` (may be empty) and ``OPTIONS``."""

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        name, lifetime = self._name(key, version), self._lifetime(timeout)
        if lifetime is not None and lifetime <= 0:
            return not self.has_key(key, version=version)
        return self._write(
            (name,),
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
        value = self._read(
            name,
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
        self._write(
            (name,),
            lambda client: client.set(name, value, timeout=lifetime),
            lambda fallback: fallback.set(name, encode(value), lifetime=lifetime),
        )

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        name, lifetime = self._name(key, version), self._lifetime(timeout)
        if lifetime is not None and lifetime <= 0:
            return self.delete(key, version=version)
        return self._write(
            (name,),
            lambda client: bool(client.touch(name, timeout=lifetime)),
            lambda fallback: fallback.touch(name, lifetime=lifetime),
        )

    def delete(self, key: str, version: int | None = None) -> bool:
        name = self._name(key, version)
        return self._write(
            (name,),
            lambda client: bool(client.delete(name)),
            lambda fallback: fallback.delete(name),
        )

    def has_key(self, key: str, version: int | None = None, *, stale: Stale = "bounded") -> bool:
        name = self._name(key, version)
        return self._read(
            name,
            lambda client: bool(client.has_key(name)),
            lambda fallback: _peek(fallback, name, stale) is not None,
        )

    def get_many(
        self, keys: Iterable[str], version: int | None = None, *, stale: Stale = "bounded"
    ) -> dict[str, Any]:
        names = {self._name(key, version): key for key in keys}
        asked = self._askable(names)
        values: dict[str, Any] = {}
        if self._client is not None and asked:
            try:
                values = self._client.get_many(list(asked))
            except RedisUnavailableError:
                asked = ()
        if len(asked) < len(names):
            self._store.fallback_calls += 1
            for name in names.keys() - set(asked):
                values[name] = decode(_peek(self._store.fallback, name, stale))
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
        for names in self._together(named):
            self._set_together({name: named[name] for name in names}, lifetime)
        return []

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        for names in self._together([self._name(key, version) for key in keys]):
            self._delete_together(names)

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
            number = self._write(
                (name,),
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
        if not self._write(
            (old, new),
            lambda client: client.rename(old, new),
            lambda fallback: fallback.rename(old, new),
        ):
            raise ValueError(f"Key {key!r} not found")
        return before + delta

    aget = in_thread(get)
    aget_many = in_thread(get_many)
    aget_or_set = in_thread(get_or_set)
    ahas_key = in_thread(has_key)
    aset_many = in_thread(set_many)
    adelete_many = in_thread(delete_many)
    aincr = in_thread(incr)
    aincr_version = in_thread(incr_version)

    async def adecr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return await self.aincr(key, -delta, version=version)

    def _set_together(self, named: dict[CacheKey, Any], lifetime: float | None) -> None:
        def keep(fallback: Fallback) -> None:
            for name, encoded in [(name, encode(value)) for name, value in named.items()]:
                fallback.set(name, encoded, lifetime=lifetime)

        self._write(named, lambda client: client.set_many(named, timeout=lifetime), keep)

    def _delete_together(self, names: Collection[CacheKey]) -> None:
        self._write(
            names,
            lambda client: client.delete_many(names),
            lambda fallback: sum(fallback.delete(name) for name in names),
        )


def _peek(fallback: Fallback, name: str, stale: Stale) -> bytes | None:
    return fallback.get(name) if stale == "bounded" else None
