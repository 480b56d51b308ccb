"""Passkeys at the door of the admin site: asked for after the password, and taken once."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client, override_settings

from accounts.models import Session
from audit.models import AuditRow
from tests.accounts.authenticators import (
    Authenticator,
    added,
    enter,
    holder,
    options_to_sign_in,
    read,
)
from tests.accounts.phones import asked, enrolled
from tests.accounts.staff import sign_in
from tests.factories import AdministratorFactory

DOOR = "/admin/second-factor/"
OPTIONS = re.compile(r'<script id="passkey-options" type="application/json">(.*?)</script>')


def at_the_door(user) -> Client:
    """A browser in which the password was right."""
    browser = Client(raise_request_exception=False)
    answer = sign_in(user.email, browser=browser)
    assert answer.headers["Location"].startswith(DOOR)
    return browser


def options_on_page(browser: Client) -> dict:
    [options] = OPTIONS.findall(browser.get(DOOR).content.decode())
    return json.loads(options)


def show(browser: Client, passkey: object) -> int:
    text = passkey if isinstance(passkey, str) else json.dumps(passkey)
    return browser.post(DOOR, {"passkey": text, "next": "/admin/"}).status_code


def is_inside(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def test_staff_enter_with_a_passkey_after_the_password(api):
    ada, key, _ = holder(api, user=AdministratorFactory())
    browser = at_the_door(ada.user)
    assert not is_inside(browser)
    options = options_on_page(browser)
    assert [read(each["id"]) for each in options["allowCredentials"]] == [key.credential_id]
    assert show(browser, key.get(options)) == 302
    assert is_inside(browser)
    assert Session.objects.latest("created_at").methods == ["pwd", "hwk", "user", "mfa"]


def test_a_page_asks_anew_and_an_answer_is_for_its_sign_in_alone(api):
    ada, key, _ = holder(api, user=AdministratorFactory())
    first, second = at_the_door(ada.user), at_the_door(ada.user)
    passkey = key.get(options_on_page(first))
    assert show(second, passkey) == 200
    assert not is_inside(second)
    assert show(first, passkey) == 302
    assert AuditRow.objects.filter(action="session.refused").count() == 1


def test_an_answer_for_the_api_is_none_for_the_site_nor_the_other_way(api):
    ada, key, _ = holder(api, user=AdministratorFactory())
    browser = at_the_door(ada.user)
    token = asked(api, ada.user.email)
    assert show(browser, key.get(options_to_sign_in(api, mfa_token=token))) == 200
    assert show(browser, key.get(options_to_sign_in(api))) == 200
    assert not is_inside(browser)
    assert enter(api, key.get(options_on_page(browser))).status_code == 401


def test_a_recovery_code_stands_in_and_the_own_page_tells_of_the_passkey(api):
    ada, _, codes = holder(api, user=AdministratorFactory())
    browser = at_the_door(ada.user)
    browser.post(DOOR, {"shown": codes[0]})
    assert is_inside(browser)
    page = browser.get("/admin/second-factor/own/").content.decode()
    assert "You have a passkey" in page
    assert "Recovery codes left: 9" in page


def test_who_has_but_an_app_is_offered_no_passkey(api):
    ada, _ = enrolled(api, user=AdministratorFactory())
    page = at_the_door(ada.user).get(DOOR).content.decode()
    assert "passkey-options" not in page
    assert 'name="shown"' in page


def test_a_site_outside_the_domain_of_passkeys_offers_none(api):
    ada, _, _ = holder(api, user=AdministratorFactory())
    browser = at_the_door(ada.user)
    with override_settings(PASSKEY_ORIGINS=["https://app.example.com"]):
        assert "passkey-options" not in browser.get(DOOR).content.decode()


@pytest.mark.parametrize("text", ["x", "[]", "{}", '"x"', "[" * 5000, '{"id": 5}', ""])
def test_what_is_no_passkey_is_refused_on_the_page(api, text):
    ada, phone = enrolled(api, user=AdministratorFactory())
    assert added(api, ada, Authenticator()).status_code == 201
    browser = at_the_door(ada.user)
    assert show(browser, text) == 200
    assert not is_inside(browser)
    browser.post(DOOR, {"shown": phone.code()})
    assert is_inside(browser)
