"""
No list and no page asks the database once per row.

Every page of the API that reads and every page of the admin site is asked when there are five
rows of everything and again when there are fifty: a new route and a new list are in by themselves.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.contrib import admin
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from resilience import health
from tests.accounts.comers import Comer, Street
from tests.accounts.door import Door, Least
from tests.accounts.doors import DOORS
from tests.accounts.staff import browser_of
from tests.growth.copies import FEW, copy_everything, one_of_each
from tests.servers.plugin import redis_key

FEW_ROWS, MANY_ROWS = 5, 50
_VALUE = re.compile(r"'[^']*'(?:::\w+)?")
_COMERS = {
    Least.KEY: Comer.KEY,
    Least.PROVISIONER: Comer.PROVISIONER,
    Least.ANYONE: Comer.ANONYMOUS,
}
# What a process looks after in passing, whoever asks; whether it is well, once a second.
_IN_PASSING = (
    *('"resilience_counter"', '"resilience_circuit_order"'),
    *('"accounts_signing_key"', '"audit_checkpoint_key"'),
)
# Lists of what the code or the deployment has a handful of.
_SHORT = {
    "GET api/v1/auth/social/providers",
    *(f"GET scim/v2/{kind}" for kind in ("ResourceTypes", "Schemas")),
    *("admin:accounts_signingkey_changelist", "admin:sso_servicekey_changelist"),
}

Page = Callable[[], HttpResponse]


def reads(door: Door) -> bool:
    """Whether a door shows rows: those of SCIM are also looked for by a POST."""
    is_read = door.method == "GET" or door.path.endswith("/.search")
    return is_read and door.answer == "success"


def pages_of_api(street: Street) -> Iterator[tuple[str, Page]]:
    for door in filter(reads, DOORS):
        comer = _COMERS.get(door.lets_in, Comer.OWNER)
        yield str(door), lambda door=door, comer=comer: whole(street, comer, door)


def whole(street: Street, comer: Comer, door: Door) -> HttpResponse:
    """Ask for all that is listed, where a list is what comes back."""
    token = None if comer is Comer.ANONYMOUS else street.person(comer).access
    path = street.path(door)
    if door.method == "POST":
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 100}
        return street.api.post(path, body, token=token)
    first = street.api.get(path, token=token)
    is_json = "json" in first.get("Content-Type", "") and first.content
    told = json.loads(first.content) if is_json else {}
    if isinstance(told, dict) and {"results", "next"} <= set(told):
        path += ("&" if "?" in path else "?") + "limit=100"
    elif isinstance(told, dict) and "Resources" in told:
        path += "?count=100"
    else:
        return first
    return street.api.get(path, token=token)


def pages_of_admin(browser: Client) -> Iterator[tuple[str, Page]]:
    for model, site in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield f"{name}_changelist", lambda name=name: browser.get(reverse(f"{name}_changelist"))
        export = f"{name}_export"
        if any(pattern.name == export.removeprefix("admin:") for pattern in site.get_urls()):
            yield export, lambda export=export: streamed(browser, reverse(export))
        row = model._base_manager.order_by("pk").first()
        if row is None:
            assert model._meta.label_lower in FEW, f"no row of {model.__name__} to look at"
            continue
        page = reverse(f"{name}_change", args=[row.pk])
        yield f"{name}_change", lambda page=page: browser.get(page)
    yield "admin:index", lambda: browser.get(reverse("admin:index"))
    yield "admin:resilience", lambda: browser.get(reverse("admin:resilience"))


def streamed(browser: Client, path: str) -> HttpResponse:
    answer = browser.get(path)
    assert b"".join(answer.streaming_content)
    return answer


@pytest.fixture
def forget(pytestconfig: pytest.Config) -> Callable[[], None]:
    """Let nobody know anything, so that each page is asked by somebody whom no copy knows."""
    redis = pytestconfig.stash[redis_key]

    def forgetting() -> None:
        # Else a page of health asks in whichever round comes a second after the last look.
        health.forget()
        if redis:
            redis.cli("FLUSHDB")

    return forgetting


def rows_on(answer: HttpResponse) -> int | None:
    """How many rows a list shows, or None where the page is no list."""
    if (shown := getattr(answer, "context_data", None)) and "cl" in shown:
        return len(shown["cl"].result_list)
    if answer.streaming or "json" not in answer.get("Content-Type", "") or not answer.content:
        return None
    told = json.loads(answer.content)
    found = told.get("results", told.get("Resources")) if isinstance(told, dict) else None
    return None if found is None else len(found)


@dataclass(frozen=True)
class Seen:
    """What one page asked the database, and how many rows it showed if it is a list."""

    statements: list[str]
    rows: int | None


def seen(page: Page, forget: Callable[[], None]) -> Seen:
    forget()
    with CaptureQueriesContext(connection) as captured:
        answer = page()
    asking = answer.wsgi_request.path
    assert answer.status_code < 400, f"{asking}: {answer.content[:300]}"
    asked = [query["sql"] for query in captured]
    in_question = [sql for sql in asked if not any(table in sql for table in _IN_PASSING)]
    return Seen(in_question, rows_on(answer))


def more_often(few: dict[str, Seen], many: dict[str, Seen]) -> dict[str, list[str]]:
    """What pages ask of fifty rows that they did not ask as often of five, whatever it was for."""

    def forms(statements: list[str]) -> Counter[str]:
        return Counter(_VALUE.sub("?", sql) for sql in statements)

    return {
        name: sorted((forms(page.statements) - forms(few[name].statements)).elements())
        for name, page in many.items()
        if len(page.statements) > len(few[name].statements)
    }


def test_fifty_rows_are_told_with_as_many_statements_as_five(api, forget):
    street = Street(api)
    one_of_each(street)
    pages = {**dict(pages_of_api(street)), **dict(pages_of_admin(browser_of()))}
    copy_everything(FEW_ROWS - 1)
    few = {name: seen(page, forget) for name, page in pages.items()}
    copy_everything(MANY_ROWS - FEW_ROWS)
    many = {name: seen(page, forget) for name, page in pages.items()}
    assert more_often(few, many) == {}
    # A list that shows fewer would prove nothing.
    lengths = {name: page.rows for name, page in many.items() if page.rows is not None}
    assert {name for name, rows in lengths.items() if rows < MANY_ROWS} <= _SHORT
    assert len(pages) > 90
