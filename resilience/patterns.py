"""Keys found and removed by pattern, under the names and with the answers of django-redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django_redis.client.default import glob_escape  # type: ignore[import-untyped]
from django_redis.util import CacheKey  # type: ignore[import-untyped]

from resilience.errors import RedisUnavailableError
from resilience.glob import matcher
from resilience.routing import Routing, in_thread

_SCAN_COUNT = 500


class Patterns(Routing):
    """
    A pattern is matched against the keys of one version, without prefix and version.

    In an outage only the keys of the fallback are found. Which others a pattern would remove
    nobody can tell then, so the whole cache is cleared before Redis is trusted again.
    """

    def keys(self, search: str, version: int | None = None) -> list[str]:
        return list(dict.fromkeys(self.iter_keys(search, version=version)))

    def iter_keys(
        self, search: str, itersize: int | None = None, version: int | None = None
    ) -> Iterator[str]:
        """
        Yield the keys that match, as they are found; one may come twice.

        An outage in the middle ends the list; it does not raise.
        """
        for page in self._pages(search, itersize, version):
            yield from page

    async def aiter_keys(
        self, search: str, itersize: int | None = None, version: int | None = None
    ) -> AsyncIterator[str]:
        pages = self._pages(search, itersize, version)
        while page := await sync_to_async(lambda: next(pages, None), thread_sensitive=True)():
            for key in page:
                yield key

    def delete_pattern(
        self, pattern: str, version: int | None = None, *, itersize: int | None = None
    ) -> int:
        """Remove the keys that match and tell how many were found."""
        store, full = self._store, self._pattern(pattern, version)
        kept = self._kept(full)
        count = sum(store.fallback.delete(name) for name in kept)
        store.changed([name for name in kept if store.journal.covers(name)], was_sent=False)
        if self._client is None:
            return count
        if store.door is None or not store.door.is_up():
            store.changed_everything()
            return count
        try:
            for names in self._client.scanned(full, count=itersize or _SCAN_COUNT):
                count += sum(not store.journal.covers(name) for name in names)
                self._client.unlink(names)
        except RedisUnavailableError:
            store.changed_everything()
        return count

    def clear(self) -> None:
        """Remove what is under this cache's prefix; other data in the same Redis stays."""
        store = self._store
        store.fallback.clear()
        if self._client is None:
            return
        if store.door is not None and store.door.is_up():
            try:
                self._client.clear()
            except RedisUnavailableError:
                pass
            else:
                return
        store.fallback_calls += 1
        store.changed_everything()

    akeys = in_thread(keys)
    adelete_pattern = in_thread(delete_pattern)

    def _pages(self, search: str, itersize: int | None, version: int | None) -> Iterator[list[str]]:
        """Yield lists of keys, none of them empty."""
        store, full = self._store, self._pattern(search, version)
        is_asked = store.door is not None and store.door.is_up()
        if self._client is not None and is_asked:
            try:
                for names in self._client.scanned(full, count=itersize or _SCAN_COUNT):
                    if found := [name for name in names if not store.journal.covers(name)]:
                        yield [_short(name) for name in found]
            except RedisUnavailableError:
                is_asked = False
        if not is_asked:
            store.fallback_calls += 1
        if kept := self._kept(full):
            yield [_short(name) for name in kept]

    def _kept(self, full: str) -> list[str]:
        """List what the fallback holds that matches."""
        pattern = matcher(full)
        return [name for name in self._store.fallback.names() if pattern.fullmatch(name)]

    def _pattern(self, search: str, version: int | None) -> CacheKey:
        prefix = glob_escape(self.key_prefix)
        number = glob_escape(str(self.version if version is None else version))
        return CacheKey(self.key_func(search, prefix, number))


def _short(name: str) -> str:
    """Take prefix and version off, neither of which holds a colon."""
    return name.split(":", 2)[2]
