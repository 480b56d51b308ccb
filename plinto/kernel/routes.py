"""The URL table, asked by look-up: Django tries one expression after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.urls import ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern


class RememberedRoutes(URLResolver):
    """
    All entries of a URL table, and those that it includes without a prefix.

    An address without parameters is searched once and then remembered, so there are never more of
    them than entries. Of the others only entries are tried that begin as the address does. Django
    by itself tries a hundred and thirty for what is named last, a fifth of a request.
    """

    def __init__(self, entries: Sequence[Any]) -> None:
        super().__init__(RoutePattern(""), list(_flat(entries)))
        self._starts = [(_literal_start(entry), entry) for entry in self.url_patterns]
        self._found: dict[str, ResolverMatch] = {}

    def resolve(self, path: str) -> ResolverMatch:
        """
        Return the view of ``path``, the same that Django would find.

        :raises django.urls.Resolver404: there is none
        """
        found = self._found.get(path)
        if found is None:
            found = self._search(path)
            if found.route == path and not found.args and not found.kwargs:
                self._found[path] = found
        return found

    def _search(self, path: str) -> ResolverMatch:
        for start, entry in self._starts:
            if path.startswith(start):
                if not isinstance(entry, URLPattern):
                    break
                match = entry.resolve(path)
                if match is not None:
                    return match
        return super().resolve(path)


def _flat(entries: Sequence[Any]) -> Iterator[Any]:
    for entry in entries:
        is_plain = isinstance(entry, URLResolver) and not (
            str(entry.pattern) or entry.namespace or entry.app_name or entry.default_kwargs
        )
        if is_plain:
            yield from _flat(entry.url_patterns)
        else:
            yield entry


def _literal_start(entry: Any) -> str:
    """What every address of an entry begins with; nothing is known of a regular expression."""
    pattern = entry.pattern
    return str(pattern).partition("<")[0] if isinstance(pattern, RoutePattern) else ""
