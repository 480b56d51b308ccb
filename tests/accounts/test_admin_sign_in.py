"""Coming into the admin site, and being kept from guessing one's way in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Session, User
from audit.models import AuditRow
from resilience.models import Counter
from tests.accounts.people import signed_in
from tests.accounts.staff import browser_of, helper, sign_in
from tests.factories import PASSWORD, AdministratorFactory, UserFactory

LOGIN = "/api/v1/auth/login"
WRONG = "certainly not my password"


def trail(*actions):
    rows = AuditRow.objects.filter(action__in=actions).order_by("pk")
    return [(row.action, row.outcome, row.actor_id, row.reason) for row in rows]


def test_an_administrator_signs_in_and_the_trail_tells_of_it():
    administrator, browser = AdministratorFactory(), Client()
    answer = sign_in(administrator.email, browser=browser)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert browser.get("/admin/").status_code == 200
    assert trail("admin.signed_in") == [("admin.signed_in", "success", str(administrator.pk), "")]


@pytest.mark.asvs("7.2.4")
def test_the_session_key_changes_at_sign_in():
    browser = Client()
    browser.cookies["plinto_admin"] = "chosen-by-somebody-else-0123456789"
    sign_in(AdministratorFactory().email, browser=browser)
    assert browser.cookies["plinto_admin"].value != "chosen-by-somebody-else-0123456789"


@pytest.mark.asvs("7.4.1")
def test_signing_out_ends_the_session_and_is_recorded():
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    browser.post("/admin/logout/")
    assert browser.get("/admin/").status_code == 302
    assert trail("admin.signed_out")[0][2] == str(administrator.pk)


def test_the_right_password_of_somebody_who_is_not_staff_is_refused_like_a_wrong_one():
    person, administrator = UserFactory(), AdministratorFactory()
    refused = sign_in(person.email).context["form"].non_field_errors()
    wrong = sign_in(administrator.email, WRONG).context["form"].non_field_errors()
    assert refused == wrong
    assert trail("admin.refused") == [("admin.refused", "refused", str(person.pk), "not staff")]


def test_a_wrong_password_is_recorded_once():
    sign_in(AdministratorFactory().email, WRONG)
    assert [row[3] for row in trail("session.refused", "admin.refused")] == ["wrong password"]


def test_after_ten_wrong_passwords_the_right_one_is_refused_until_the_window_ends():
    administrator = AdministratorFactory()
    for _ in range(10):
        assert sign_in(administrator.email, WRONG).status_code == 200
    refused = sign_in(administrator.email)
    assert refused.status_code == 429
    assert "Too many attempts. Wait 15 minutes" in refused.content.decode()
    assert 0 < int(refused["Retry-After"]) <= 900
    Counter.objects.update(ends=0)
    assert sign_in(administrator.email).status_code == 302


@pytest.mark.asvs("6.3.1")
def test_guesses_at_the_api_and_at_the_admin_site_share_one_counter(api):
    administrator = AdministratorFactory()
    for _ in range(5):
        api.post(LOGIN, {"email": administrator.email, "password": WRONG}, address="10.0.0.1")
        sign_in(administrator.email, WRONG, REMOTE_ADDR="10.0.0.2")
    assert sign_in(administrator.email, REMOTE_ADDR="10.0.0.3").status_code == 429
    body = {"email": administrator.email, "password": PASSWORD}
    assert api.post(LOGIN, body, address="10.0.0.4").status_code == 429


def test_an_unknown_address_is_told_the_same_wait():
    administrator = AdministratorFactory()
    pages = []
    for email in (administrator.email, "nobody@example.com"):
        for _ in range(11):
            answer = sign_in(email, WRONG)
        pages.append((answer.status_code, answer.context["form"].non_field_errors()))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("email", ["", "nobody", "\ud800@example.com", "x" * 400, "a\x00b@c.de"])
def test_a_forged_address_is_refused_and_not_an_error(email):
    form = {"username": email.encode("utf-8", "replace").decode(), "password": WRONG}
    assert Client(raise_request_exception=False).post("/admin/login/", form).status_code == 200


def test_an_anonymous_visitor_is_sent_to_the_door():
    answer = Client().get("/admin/accounts/user/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


@pytest.mark.asvs("9.2.2")
def test_an_access_token_does_not_open_the_admin_site(api):
    administrator = signed_in(api, user=AdministratorFactory())
    assert api.get("/admin/", token=administrator.access).status_code == 302


@pytest.mark.parametrize("lost", ["is_active", "is_staff"])
def test_who_loses_their_place_is_out_on_the_next_request(lost):
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    User.objects.filter(pk=administrator.pk).update(**{lost: False})
    assert browser.get("/admin/").status_code == 302


def test_staff_without_a_permission_are_refused_in_the_one_shape_and_recorded():
    member = helper()
    answer = browser_of(member).get("/admin/accounts/user/")
    assert (answer.status_code, answer.json()["error"]) == (403, "AUTHORIZATION_ERROR")
    refusal = ("admin.refused", "refused", str(member.pk), "GET /admin/accounts/user/")
    assert trail("admin.refused") == [refusal]


@pytest.mark.asvs("6.4.6")
def test_the_password_page_mails_a_link_and_takes_no_password(letters):
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    assert 'type="password"' not in browser.get("/admin/password_change/").content.decode()
    browser.post("/admin/password_change/", {"new_password1": WRONG, "new_password2": WRONG})
    assert [letter.to for letter in letters()] == [[administrator.email]]
    assert User.objects.get().password == administrator.password


def test_a_next_address_elsewhere_is_not_followed():
    form = {"username": AdministratorFactory().email, "password": PASSWORD}
    answer = Client().post("/admin/login/?next=https://evil.example/", form)
    assert "evil.example" not in answer["Location"]


def test_an_admin_session_ends_with_the_other_sessions_of_its_person(api):
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    person = signed_in(api, user=administrator)
    assert len(api.get("/api/v1/sessions", token=person.access).json()["results"]) == 2

    api.delete("/api/v1/sessions", token=person.access)

    assert browser.get("/admin/").status_code == 302


def test_an_outsider_cannot_keep_an_administrator_out_of_the_network_they_work_from():
    administrator = AdministratorFactory()
    sign_in(administrator.email, REMOTE_ADDR="192.0.2.7")
    for number in range(12):
        sign_in(administrator.email, WRONG, REMOTE_ADDR=f"10.0.0.{number}")

    assert sign_in(administrator.email, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_a_session_of_the_admin_site_gives_no_tokens():
    browser_of(AdministratorFactory())

    session = Session.objects.get()

    assert session.expires_at - session.created_at == timedelta(hours=8)
    assert session.methods == ["pwd"]
