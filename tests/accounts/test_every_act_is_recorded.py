"""Whatever staff do in the admin site, and commands do on the server, leaves its words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Identity, OutboundMail, Session, SigningKey, User
from accounts.services.mail import get_email_service
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.people import signed_in
from tests.accounts.phones import Phone, enrolled
from tests.accounts.staff import PEOPLE, SESSIONS, act, browser_of, save, sign_in
from tests.api import Api
from tests.audit import vocabulary
from tests.audit.vocabulary import added_since, there
from tests.factories import AdministratorFactory, UserFactory
from tests.plinto.processes import a_circuit, a_process
from tests.sso.connections_of_staff import CONNECTION_ACTS
from tests.webhooks.acts_of_staff import ENDPOINT_ACTS

OWN = "/admin/second-factor/own/"
GROUPS = "/admin/auth/group/"
RESILIENCE = "/admin/resilience/"

Do = Callable[[], Any]


def somebody() -> User:
    return signed_in(Api()).user


def on(model: Any, action: str, page: str) -> Do:
    """Run an action on the newest row of a list."""
    browser, row = browser_of(), model.objects.latest("pk")
    return lambda: act(browser, action, row, page=page)


def on_a_person(action: str) -> Do:
    person, browser = somebody(), browser_of()
    return lambda: act(browser, action, person, page=PEOPLE)


def reactivate() -> Do:
    browser, person = browser_of(), UserFactory(is_active=False)
    return lambda: act(browser, "reactivate", person, page=PEOPLE)


def end_session() -> Do:
    browser, person = browser_of(), somebody()
    session = Session.objects.get(user=person)
    return lambda: act(browser, "end", session, page=SESSIONS)


def send_now() -> Do:
    later = timezone.now() + timedelta(hours=1)
    context = {"link": "https://example.com/#token=x", "expires_in_minutes": 30}
    with transaction.atomic():
        get_email_service().queue("set_password", to="a@b.example", context=context, now=later)
    OutboundMail.objects.update(due_at=later)
    return on(OutboundMail, "send_now", "/admin/accounts/outboundmail/")


def unlink() -> Do:
    Identity.objects.create(
        user=UserFactory(), provider="acme", subject="ada", created_at=timezone.now()
    )
    return on(Identity, "unlink", "/admin/accounts/identity/")


def end_key() -> Do:
    made(Club(Api()))
    return on(ApiKey, "end", "/admin/accounts/apikey/")


def add_person() -> Do:
    browser = browser_of()
    form = {"email": "grace@example.com", "name": "Grace"}
    return lambda: browser.post(f"{PEOPLE}add/", form)


def change_person() -> Do:
    browser, person = browser_of(), UserFactory()
    return lambda: save(browser, person, locale="en")


def group(way: str, **form: Any) -> Callable[[], Do]:
    def prepare() -> Do:
        browser, found = browser_of(), Group.objects.create(name="helpers")
        where = f"{GROUPS}add/" if way == "add" else f"{GROUPS}{found.pk}/{way}/"
        return lambda: browser.post(where, form)

    return prepare


def delete_groups() -> Do:
    browser, found = browser_of(), Group.objects.create(name="helpers")
    form = {"action": "delete_selected", "_selected_action": [found.pk], "post": "yes"}
    return lambda: browser.post(GROUPS, form)


def order(breaker_act: str, **form: Any) -> Callable[[], Do]:
    def prepare() -> Do:
        browser = browser_of()
        a_process(1, a_circuit())
        sent = {"breaker": "redis:default", "act": breaker_act, "reason": "drill", **form}
        return lambda: browser.post(RESILIENCE, sent)

    return prepare


def own(step: str) -> Callable[[], Do]:
    def prepare() -> Do:
        administrator = AdministratorFactory()
        browser = browser_of(administrator)
        if step == "confirm":
            page = browser.post(OWN, {"act": "begin"}).content.decode()
            phone = Phone(re.search(r"<code>([A-Z2-7]{32})</code>", page)[1])
            return lambda: browser.post(OWN, {"act": step, "code": phone.code()})
        if step != "begin":
            enrolled(Api(), user=administrator)
        return lambda: browser.post(OWN, {"act": step})

    return prepare


def show_factor() -> Do:
    person, phone = enrolled(Api(), user=AdministratorFactory())
    browser = Client()
    sign_in(person.user.email, browser=browser)
    form = {"shown": phone.code(), "next": "/admin/"}
    return lambda: browser.post("/admin/second-factor/", form)


def reset_factors() -> Do:
    person, _ = enrolled(Api())
    browser = browser_of()
    page = f"{PEOPLE}{person.user.pk}/reset-factors/"
    return lambda: browser.post(page, {"reason": "lost"})


def enter() -> Do:
    administrator = AdministratorFactory()
    return lambda: sign_in(administrator.email)


def at(method: str, page: str) -> Callable[[], Do]:
    def prepare() -> Do:
        browser = browser_of()
        return lambda: browser.generic(method, page)

    return prepare


STAFF: dict[str, Callable[[], Do]] = {
    "login": enter,
    "logout": at("POST", "/admin/logout/"),
    "second_factor": show_factor,
    "own_factor begin": own("begin"),
    "own_factor confirm": own("confirm"),
    "own_factor renew": own("renew"),
    "own_factor remove": own("remove"),
    "password_change": at("POST", "/admin/password_change/"),
    "resilience force_open": order("force_open"),
    "resilience force_closed": order("force_closed"),
    "resilience automatic": order("automatic"),
    "resilience reset": order("reset"),
    "resilience rehearse": order("rehearse", minutes="5"),
    "accounts_user_reset_factors": reset_factors,
    "accounts.User add": add_person,
    "accounts.User change": change_person,
    "accounts.User end_sessions": lambda: on_a_person("end_sessions"),
    "accounts.User deactivate": lambda: on_a_person("deactivate"),
    "accounts.User reactivate": reactivate,
    "accounts.User mail_link": lambda: on_a_person("mail_link"),
    "accounts.User erase": lambda: on_a_person("erase"),
    "accounts.Session end": end_session,
    "accounts.OutboundMail send_now": send_now,
    "accounts.Identity unlink": unlink,
    "accounts.ApiKey end": end_key,
    "auth.Group add": group("add", name="others"),
    "auth.Group change": group("change", name="others"),
    "auth.Group delete": group("delete", post="yes"),
    "auth.Group delete_selected": delete_groups,
    "export": at("GET", f"{PEOPLE}export/"),
    **ENDPOINT_ACTS,
    **CONNECTION_ACTS,
}


@pytest.mark.parametrize("name", vocabulary.BY_STAFF)
def test_what_staff_do_is_recorded(name):
    do = STAFF[name]()
    before = there()
    do()
    assert sorted(added_since(before)) == sorted(vocabulary.BY_STAFF[name].split())


def import_users(path: Any) -> list[Any]:
    people = path / "people.jsonl"
    people.write_text(json.dumps({"email": "ada@example.com"}))
    return [people]


def nothing_yet(_path: Any) -> list[Any]:
    SigningKey.objects.all().delete()
    return ["--administrator=root@example.com"]


def among_the_obedient(_path: Any) -> list[Any]:
    a_process(1, a_circuit(state="open", is_forced=True))
    return ["--seconds=5"]


def with_a_factor(_path: Any) -> list[Any]:
    person, _ = enrolled(Api())
    return [person.user.email, "--reason=lost"]


COMMANDS: dict[str, Callable[[Any], list[Any]]] = {
    "create_administrator": lambda _: ["root@example.com"],
    "import_users": import_users,
    "prepare": nothing_yet,
    "rehearse": among_the_obedient,
    "reset_factors": with_a_factor,
    "rotate_audit_key": lambda _: [],
    "rotate_service_key": lambda _: [],
    "rotate_signing_key": lambda _: [],
}


@pytest.mark.parametrize("name", vocabulary.BY_COMMAND)
def test_what_a_command_does_is_recorded(tmp_path, settings, name):
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    words = COMMANDS[name](tmp_path)
    before = there()
    call_command(name, *map(str, words))
    assert sorted(added_since(before)) == sorted(vocabulary.BY_COMMAND[name].split())
