"""The second factor at the admin site: a page of its own, under the limits of the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import PendingSignIn, Session, User
from audit.models import AuditRow
from tests.accounts.phones import asked, enrolled, show
from tests.accounts.staff import SIGN_IN, sign_in
from tests.factories import PASSWORD, AdministratorFactory

PAGE = "/admin/second-factor/"
COOKIE = "plinto_second_factor"


@pytest.fixture
def browser():
    return Client(raise_request_exception=False)


@pytest.fixture
def staff(api):
    """An administrator with an app, and the phone it is on."""
    person, phone = enrolled(api, user=AdministratorFactory())
    return person.user, phone


def half_way(browser, user):
    answer = sign_in(user.email, browser=browser)
    assert answer.status_code == 302, answer.content
    return answer


def type_in(browser, text, **extra):
    return browser.post(PAGE, {"shown": text, "next": "/admin/"}, **extra)


@pytest.mark.asvs("6.3.4")
def test_the_right_password_leads_to_the_question_and_not_inside(browser, staff):
    user, _ = staff
    answer = half_way(browser, user)
    assert answer["Location"] == f"{PAGE}?next=%2Fadmin%2F"
    assert browser.get("/admin/").status_code == 302
    assert "plinto_admin" not in browser.cookies
    assert Session.objects.count() == 1


def test_the_code_opens_the_door(browser, staff):
    user, phone = staff
    half_way(browser, user)
    assert 'name="shown"' in browser.get(PAGE).content.decode()
    answer = type_in(browser, phone.code())
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert browser.get("/admin/").status_code == 200
    assert Session.objects.first().methods == ["pwd", "otp", "mfa"]
    assert AuditRow.objects.filter(action="admin.signed_in").count() == 1
    assert browser.cookies[COOKIE].value == ""


def test_a_recovery_code_opens_it_once(browser, staff):
    user, phone = staff
    half_way(browser, user)
    assert type_in(browser, phone.recovery_codes[0]).status_code == 302
    other = Client()
    half_way(other, user)
    answer = type_in(other, phone.recovery_codes[0])
    assert "That was not it" in answer.content.decode()


def test_the_token_is_kept_where_only_this_page_sees_it(browser, staff):
    cookie = half_way(browser, staff[0]).cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (PAGE, True, "Strict")
    assert cookie["max-age"] == 300


@pytest.mark.parametrize("text", ["", "12345", "not a code", "1234567"])
def test_what_is_no_code_is_not_counted(browser, staff, text):
    user, phone = staff
    half_way(browser, user)
    for _ in range(6):
        assert type_in(browser, text).status_code == 200
    assert type_in(browser, phone.code()).status_code == 302


def test_guesses_here_and_at_the_api_share_one_count(api, browser, staff):
    user, phone = staff
    half_way(browser, user)
    for _ in range(3):
        assert type_in(browser, phone.wrong()).status_code == 200
    for _ in range(2):
        assert show(api, asked(api, user.email), code=phone.wrong()).status_code == 401
    answer = type_in(browser, phone.code())
    assert (answer.status_code, int(answer["Retry-After"]) <= 900) == (429, True)
    assert "Too many attempts. Wait 15 minutes" in answer.content.decode()


def test_a_token_of_the_api_opens_nothing_here_and_the_other_way_round(api, browser, staff):
    user, phone = staff
    browser.cookies[COOKIE] = asked(api, user.email)
    assert type_in(browser, phone.code()).status_code == 200
    half_way(browser, user)
    assert show(api, browser.cookies[COOKIE].value, code=phone.code()).status_code == 401
    assert type_in(browser, phone.code()).status_code == 302


def test_what_was_wrong_is_not_shown_again(browser, staff):
    user, phone = staff
    half_way(browser, user)
    wrong = phone.wrong()
    assert wrong not in type_in(browser, wrong).content.decode()


def test_without_a_password_before_it_the_page_leads_to_the_password(browser):
    assert browser.get(PAGE)["Location"] == SIGN_IN
    assert type_in(browser, "123456")["Location"] == SIGN_IN


def test_who_lost_their_place_meanwhile_stays_out(browser, staff):
    user, phone = staff
    half_way(browser, user)
    User.objects.filter(pk=user.pk).update(is_staff=False)
    assert type_in(browser, phone.code()).status_code == 200
    assert browser.get("/admin/").status_code == 302
    assert AuditRow.objects.filter(reason="not staff").count() == 1


def test_a_page_that_stood_too_long_says_so(browser, staff):
    user, phone = staff
    half_way(browser, user)
    PendingSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = type_in(browser, phone.code())
    assert "it came too late" in answer.content.decode()


def test_a_next_address_elsewhere_is_not_followed(browser, staff):
    user, phone = staff
    form = {"username": user.email, "password": PASSWORD}
    first = browser.post(f"{SIGN_IN}?next=https://evil.example/", form)
    second = browser.post(
        f"{PAGE}?next=https://evil.example/", {"shown": phone.code(), "next": "//evil.example/"}
    )
    assert "evil.example" not in first["Location"] + second["Location"]


def test_a_form_that_another_site_sends_is_refused(staff):
    _, phone = staff
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.cookies[COOKIE] = "plm_whatever"
    assert type_in(strict, phone.code()).status_code == 403


@pytest.mark.asvs("7.2.4")
def test_the_session_key_changes_with_the_second_step(browser, staff):
    user, phone = staff
    half_way(browser, user)
    browser.cookies["plinto_admin"] = "chosen-by-somebody-else-0123456789"
    type_in(browser, phone.code())
    assert browser.cookies["plinto_admin"].value != "chosen-by-somebody-else-0123456789"
