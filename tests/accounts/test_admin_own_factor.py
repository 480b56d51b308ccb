"""Staff add a second factor to themselves, and a site that lets nobody in without one."""

from __future__ import annotations

import re

import pytest
from django.test import Client, override_settings

from accounts.models import AuthenticatorApp
from tests.accounts.old_proofs import let_proofs_grow_old
from tests.accounts.phones import Phone, enrolled, let_half_a_minute_pass
from tests.accounts.staff import PEOPLE, browser_of, sign_in
from tests.factories import AdministratorFactory

OWN = "/admin/second-factor/own/"
STEP = "/admin/second-factor/"


def post(browser, act, **form):
    return browser.post(OWN, {"act": act, **form}, follow=True).content.decode()


def key_in(page):
    return Phone(re.search(r"<code>([A-Z2-7]{32})</code>", page)[1])


def test_a_member_of_staff_adds_an_app_and_gets_recovery_codes_once():
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    page = post(browser, "begin")
    assert 'src="data:image/svg+xml;base64,' in page
    phone = key_in(page)
    confirmed = post(browser, "confirm", code=phone.code())
    codes = re.findall(r"^(?:<pre>)?(\w{6}(?:-\w{6}){3})$", confirmed, re.M)
    assert len(set(codes)) == 10
    later = browser.get(OWN).content.decode()
    assert "Recovery codes left: 10" in later
    assert not any(code in later for code in codes)
    assert phone.secret not in later


def test_a_wrong_code_leaves_the_app_to_be_confirmed():
    browser = browser_of()
    phone = key_in(post(browser, "begin"))
    assert "is wrong" in post(browser, "confirm", code=phone.wrong())
    assert "six digits" in post(browser, "confirm", code="none")
    assert "Your recovery codes" in post(browser, "confirm", code=phone.code())


def test_codes_are_renewed_and_the_app_is_removed(api):
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    enrolled(api, user=administrator)
    assert "Your recovery codes" in post(browser, "renew")
    assert "You have none" in post(browser, "remove")
    assert not AuthenticatorApp.objects.exists()


@pytest.mark.parametrize("act", ["begin", "confirm", "renew", "remove"])
def test_an_old_sign_in_changes_nothing(api, act):
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    enrolled(api, user=administrator)
    let_proofs_grow_old()
    assert "Log out and in again first" in post(browser, act)
    assert AuthenticatorApp.objects.count() == 1


def test_an_act_that_does_not_exist_is_malformed():
    assert browser_of().post(OWN, {"act": "steal"}).status_code == 400
    assert Client().post(OWN, {"act": "begin"}).status_code == 302


@pytest.mark.asvs("6.3.3")
@override_settings(ADMIN_REQUIRES_MFA=True)
def test_where_it_is_required_staff_without_a_factor_are_led_to_adding_one():
    browser = browser_of()
    refused = browser.get(PEOPLE)
    assert refused.status_code == 403
    assert f'href="{OWN}"' in refused.content.decode()
    phone = key_in(post(browser, "begin"))
    post(browser, "confirm", code=phone.code())
    assert browser.get(PEOPLE).status_code == 200


@pytest.mark.asvs("6.3.3")
@override_settings(ADMIN_REQUIRES_MFA=True)
def test_where_it_is_required_a_session_from_before_the_factor_is_not_enough(api):
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    _, phone = enrolled(api, user=administrator)
    refused = browser.get(PEOPLE)
    assert refused.status_code == 403
    assert "Log out, then log in with it" in refused.content.decode()
    assert browser.post("/admin/logout/").status_code == 200
    sign_in(administrator.email, browser=browser)
    let_half_a_minute_pass()
    browser.post(STEP, {"shown": phone.code()})
    assert browser.get(PEOPLE).status_code == 200


@override_settings(ADMIN_REQUIRES_MFA=True)
def test_where_it_is_required_removing_the_factor_closes_the_site():
    browser = browser_of()
    post(browser, "confirm", code=key_in(post(browser, "begin")).code())
    assert browser.get("/admin/").status_code == 200
    post(browser, "remove")
    assert browser.get("/admin/").status_code == 403


def test_where_it_is_not_required_nothing_is_asked_and_every_page_leads_there():
    answer = browser_of().get(PEOPLE)
    assert answer.status_code == 200
    assert f'href="{OWN}"' in answer.content.decode()
