"""Looking addresses up finds what searching the table finds, and nothing else."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, path, re_path, reverse

from plinto.kernel.routes import RememberedRoutes


def view(request): ...


def entries(resolver, start=""):
    for entry in resolver.url_patterns:
        whole = start + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield whole, entry.callback
        elif not whole.startswith("admin/"):
            yield from entries(entry, whole)


def test_every_address_leads_where_searching_leads_the_second_time_too():
    [remembered] = get_resolver().url_patterns
    table = list(entries(remembered))
    assert len(table) > 100
    for route, _ in table:
        address = re.sub(r"<[^>]+>", str(UUID(int=7)), route)
        searched = URLResolver.resolve(remembered, address)
        for _ in range(2):
            found = remembered.resolve(address)
            assert (found.func, found.kwargs, found.route) == (
                *(searched.func, searched.kwargs),
                searched.route,
            )


def test_only_addresses_without_parameters_are_remembered():
    table = RememberedRoutes(
        [path("a/<int:n>", view), path("a/b", view), re_path(r"^(?P<rest>z.*)$", view)]
    )
    for address in ("a/1", "a/2", "a/b", "z1"):
        assert table.resolve(address).func is view
    assert list(table._found) == ["a/b"]
    with pytest.raises(Resolver404):
        table.resolve("a/c")


def test_names_of_pages_and_of_the_admin_are_still_found():
    assert reverse("admin:index") == "/admin/"
    assert reverse("schema") == "/api/v1/openapi.json"
    assert get_resolver().resolve("/admin/login/").app_names == ["admin"]
