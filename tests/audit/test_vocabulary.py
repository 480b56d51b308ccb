"""Every word of the trail is written by code and shown by a test; every act has its words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import get_commands
from django.test import RequestFactory

from accounts.admin.records import TrailedAdmin
from audit.events import Event
from plinto.kernel.origin import SYSTEM as NOWHERE
from tests.accounts.doors import DOORS
from tests.accounts.test_every_admin_page import PAGES
from tests.audit import vocabulary
from tests.factories import AdministratorFactory
from tests.openapi import OPERATIONS
from tests.project.tree import PACKAGES, ROOT, name_of, python_files

READS = {"GET", "HEAD", "OPTIONS"}
# Reading them takes them along, which is an act.
TAKES = {"take_export", "take_trail_export"}
_OF_A_MODEL = re.compile(r"^[a-z]+_[a-z]+_(changelist|add|change|delete|history|export)$")
_LISTS = {"audit/events.py", "webhooks/catalogue.py"}
# Django is asked without a row here, and these depend on which it is.
_OF_SOME_ROWS = {"webhooks.Endpoint delete", "accounts.OrganizationDomain delete"}
# The pages on which several things are done, and what.
_SEVERAL = {
    "own_factor": ("begin", "confirm", "renew", "remove"),
    "resilience": ("force_open", "force_closed", "automatic", "reset", "rehearse"),
}


def words(*tables: dict[str, str]) -> set[str]:
    return {word for table in tables for told in table.values() for word in told.split()}


def written() -> set[str]:
    """The names of events that code refers to, beside the lists of all of them."""
    found: set[str] = set()
    for path in python_files(*PACKAGES):
        if name_of(path) in _LISTS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Event":
                found.add(node.attr)
    return found


def test_every_event_is_written_by_code():
    assert {event.name for event in Event} - written() == set()


def test_every_event_is_shown_by_a_test():
    shown = words(vocabulary.BY_OPERATION, vocabulary.BY_STAFF, vocabulary.BY_COMMAND)
    assert {str(event) for event in Event} - shown - vocabulary.ELSEWHERE.keys() == set()
    assert (shown | vocabulary.ELSEWHERE.keys()) - {str(event) for event in Event} == set()
    assert vocabulary.ELSEWHERE.keys() & shown == set()


@pytest.mark.parametrize(("event", "file"), vocabulary.ELSEWHERE.items())
def test_what_is_shown_elsewhere_is_judged_there(event, file):
    told = (ROOT / file).read_text()
    assert re.search(rf"[\"'(, ]{re.escape(event)}\b", told), f"{file} does not mention {event}"


def test_every_operation_that_may_change_something_has_a_line():
    changing = {
        name
        for name, operation in OPERATIONS.items()
        if operation.method not in READS or name in TAKES
    }
    loud, quiet = vocabulary.BY_OPERATION.keys(), vocabulary.QUIET_OPERATIONS.keys()
    assert changing - loud - quiet == set()
    assert (loud | quiet) - changing - {"return_from_provider"} == set()
    assert loud & quiet == set()


def test_every_route_that_may_change_something_is_an_operation():
    """So none escapes because the document does not tell of it."""
    told = {(each.method, shape(each.path)) for each in OPERATIONS.values()}
    doors = {(door.method, shape(door.path)) for door in DOORS if door.method not in READS}
    assert doors - told == set()


def shape(path: str) -> str:
    return re.sub(r"<[^>]+>|\{[^}]+\}", "*", path).strip("/")


@pytest.mark.django_db
def test_everything_that_staff_may_do_has_a_line():
    done, told = set(acts_of_staff()), vocabulary.BY_STAFF.keys()
    assert done - told == set()
    assert told - done == _OF_SOME_ROWS


def acts_of_staff() -> Iterator[str]:
    """What a superuser may do: every page that takes a form, and every act of every list."""
    request = RequestFactory().get("/admin/")
    request.user, request.origin = AdministratorFactory(), NOWHERE
    for model, page in admin.site._registry.items():
        yield from _acts_on(model._meta.label, page, request)
    pages = {name for name, _ in PAGES if not _OF_A_MODEL.search(name)}
    for name in pages - vocabulary.QUIET_PAGES.keys():
        yield from (f"{name} {act}" for act in _SEVERAL[name]) if name in _SEVERAL else [name]


def _acts_on(label: str, page: Any, request: Any) -> Iterator[str]:
    yield from (f"{label} {act}" for act in page.get_actions(request))
    for verb in ("add", "change", "delete"):
        if getattr(page, f"has_{verb}_permission")(request):
            yield f"{label} {verb}"
    if isinstance(page, TrailedAdmin):
        yield "export"


def test_every_command_has_a_line():
    ours = {name for name, app in get_commands().items() if app.split(".")[0] in PACKAGES}
    assert ours - vocabulary.BY_COMMAND.keys() - vocabulary.QUIET_COMMANDS.keys() == set()
