"""Every page of the admin site, and everybody who has no business there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver

from accounts.models import User
from tests.accounts.comers import everything
from tests.accounts.staff import SIGN_IN, browser_of, helper

TO_SIGN_IN = f"302 {SIGN_IN}"
TO_FRONT = "302 /admin/"
# What staff without any permission get from the pages that are not about rows.
STAFF_PAGES = {
    ("GET", "index"): "200",
    ("POST", "index"): "200",
    ("GET", "login"): TO_FRONT,
    ("POST", "login"): "200",  # the form again: nothing was filled in
    ("GET", "second_factor"): TO_SIGN_IN,
    ("POST", "second_factor"): TO_SIGN_IN,
    ("GET", "own_factor"): "200",
    ("POST", "own_factor"): "400",  # likewise
    ("GET", "password_change"): "200",
    ("GET", "password_change_done"): TO_FRONT,
    ("POST", "password_change_done"): TO_FRONT,
    ("GET", "jsi18n"): "200",
    ("POST", "jsi18n"): "405",
    ("POST", "autocomplete"): "405",
}
# What staff may do about themselves, which would change what the other pages tell.
OWN_ACTS = {("POST", "password_change")}


def pages(patterns: Any = None, before: str = "/admin/") -> Iterator[tuple[str, str]]:
    """The name and one address of each page."""
    for entry in admin.site.urls[0] if patterns is None else patterns:
        found = str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from pages(entry.url_patterns, before + found)
        elif "app_label" in found:
            names = re.search(r"app_label>([\w|]+)", found)[1].split("|")
            yield from ((entry.name, f"{before}{name}/") for name in names)
        elif "(?P<url>" in found:
            yield "unknown", f"{before}nothing-like-it/"
        else:
            yield entry.name or "unnamed", before + re.sub(r"<[^>]+>", str(UUID(int=0)), found)


PAGES = list(pages())


def told(answer: HttpResponse) -> str:
    where = urlsplit(answer.get("Location", "")).path
    return f"{answer.status_code} {where}".strip()


def asked(
    browser: Client, *, but: Collection[tuple[str, str]] = ()
) -> dict[tuple[str, str, str], str]:
    """What each page tells a browser that looks, and then one that sends a form."""
    return {
        (method, name, address): told(
            browser.generic(method, address, REMOTE_ADDR=f"10.78.{number}.1")
        )
        for number, (name, address) in enumerate(PAGES)
        for method in ("GET", "POST")
        if name != "logout"  # which everybody may
        and (method, name) not in but
    }


def unlike(got: dict[Any, str], wanted: Any) -> dict[Any, str]:
    return {page: told for page, told in got.items() if told != wanted(*page)}


def test_there_are_pages_to_judge():
    assert len(PAGES) > 60
    assert {"accounts_user_changelist", "accounts_user_reset_factors"} <= {
        name for name, _ in PAGES
    }


@pytest.mark.parametrize("comer", ["anonymous", "no longer staff"])
def test_whoever_is_not_staff_is_sent_to_sign_in_by_every_page(comer):
    browser = Client() if comer == "anonymous" else browser_of(helper())
    User.objects.update(is_staff=False)
    before = everything()
    got = asked(browser)
    assert unlike(got, lambda _, name, __: "200" if name == "login" else TO_SIGN_IN) == {}
    assert everything() == before


def told_without_permission(method: str, name: str, address: str) -> str:
    if (method, name) in STAFF_PAGES:
        return STAFF_PAGES[method, name]
    if name.endswith("_history"):
        return "302 /admin/audit/auditrow/"  # which refuses them, as a page of this list
    if name == "unnamed":
        return f"302 {address}change/"  # likewise
    is_nothing = name in {"unknown", "view_on_site", "app_list"}
    return "404" if is_nothing and address != "/admin/resilience/" else "403"


def test_staff_without_a_permission_are_refused_by_every_page_about_rows():
    browser = browser_of(helper())
    before = everything()
    got = asked(browser, but=OWN_ACTS)
    assert unlike(got, told_without_permission) == {}
    assert everything() == before
