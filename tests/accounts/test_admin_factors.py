"""What staff see of second factors, and what they do when one is lost."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuthenticatorApp, PendingSignIn, RecoveryCode
from audit.models import AuditRow
from tests.accounts.people import signed_in
from tests.accounts.phones import asked, begun, enrolled, show
from tests.accounts.staff import PEOPLE, browser_of, helper
from tests.factories import AdministratorFactory, UserFactory


def page_of(user):
    return f"{PEOPLE}{user.pk}/change/"


def reset(browser, user, reason="Lost the phone, seen in person."):
    return browser.post(f"{PEOPLE}{user.pk}/reset-factors/", {"reason": reason}, follow=True)


def test_the_page_of_a_person_tells_of_their_factor_and_nothing_secret(api):
    ada, phone = enrolled(api)
    page = browser_of().get(page_of(ada.user)).content.decode()
    assert "authenticator app since" in page
    assert "recovery codes left: 10" in page
    assert phone.secret not in page
    other = browser_of().get(page_of(UserFactory())).content.decode()
    assert "authenticator app since" not in other


@pytest.mark.asvs("6.5.6", "7.4.3")
def test_a_reset_removes_everything_and_tells_everybody_who_has_to_know(api, letters):
    ada, phone = enrolled(api)
    waiting = asked(api, ada.user.email)
    answer = reset(browser_of(), ada.user)
    assert "has no second factor any more" in answer.content.decode()
    left = [model.objects.count() for model in (AuthenticatorApp, RecoveryCode, PendingSignIn)]
    assert left == [0, 0, 0]
    assert api.get("/api/v1/me", token=ada.access).status_code == 401
    assert show(api, waiting, code=phone.code()).status_code == 401
    assert signed_in(api, user=ada.user).access
    row = AuditRow.objects.get(action="factors.reset")
    assert (row.target_id, row.reason) == (str(ada.user.pk), "Lost the phone, seen in person.")
    letter = letters()[-1]
    assert letter.to == [ada.user.email]
    assert "An administrator removed the second factor" in letter.body
    assert "127.0.0.1" not in letter.body


@pytest.mark.asvs("6.4.4")
@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "two\x00parts"])
def test_without_a_reason_nothing_is_reset(api, reason):
    ada, _ = enrolled(api)
    assert "Say why" in reset(browser_of(), ada.user, reason).content.decode()
    assert AuthenticatorApp.objects.count() == 1
    assert api.get("/api/v1/me", token=ada.access).status_code == 200


@pytest.mark.asvs("6.4.4")
def test_who_lacks_the_permission_neither_sees_the_link_nor_gets_through(api):
    ada, _ = enrolled(api)
    browser = browser_of(helper("view_user", "change_user"))
    assert "reset-factors" not in browser.get(page_of(ada.user)).content.decode()
    assert reset(browser, ada.user).status_code == 403
    assert AuthenticatorApp.objects.count() == 1
    assert AuditRow.objects.filter(action="admin.refused").exists()


def test_who_holds_the_permission_resets_people_but_no_colleagues(api):
    browser = browser_of(helper("view_user", "change_user", "reset_factors"))
    ada, _ = enrolled(api)
    colleague, _ = enrolled(api, user=AdministratorFactory())
    assert "reset-factors" in browser.get(page_of(ada.user)).content.decode()
    assert reset(browser, ada.user).status_code == 200
    assert reset(browser, colleague.user).status_code == 403
    assert [app.user_id for app in AuthenticatorApp.objects.all()] == [colleague.user.pk]


@pytest.mark.asvs("6.4.4")
def test_nobody_resets_their_own_factor(api):
    administrator = AdministratorFactory()
    browser = browser_of(administrator)
    enrolled(api, user=administrator)
    assert "You cannot reset your own" in reset(browser, administrator).content.decode()
    assert AuthenticatorApp.objects.count() == 1


def test_who_has_no_factor_is_left_alone(api):
    ada = signed_in(api)
    assert "has no second factor." in reset(browser_of(), ada.user).content.decode()
    assert api.get("/api/v1/me", token=ada.access).status_code == 200


def test_nobody_is_found_under_an_id_that_is_nobodys():
    page = f"{PEOPLE}00000000-0000-0000-0000-000000000000/reset-factors/"
    assert browser_of().get(page).status_code == 404


def test_a_command_on_the_server_is_the_way_back_for_the_only_administrator(api, letters):
    lost, _ = enrolled(api, user=AdministratorFactory())
    call_command("reset_factors", lost.user.email.upper(), reason="Locked out.", stdout=StringIO())
    assert signed_in(api, user=lost.user).access
    row = AuditRow.objects.get(action="factors.reset")
    assert (row.actor_kind, row.reason) == ("system", "Locked out.")
    assert "removed the second factor" in letters()[-1].body


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", "ada@example.com"])
def test_the_command_says_why_it_removes_nothing(email):
    UserFactory(email="ada@example.com")
    with pytest.raises(CommandError):
        call_command("reset_factors", email, reason="Locked out.")


def test_an_app_that_was_never_confirmed_is_nothing_to_reset(api):
    ada = signed_in(api)
    begun(api, ada)
    assert "has no second factor." in reset(browser_of(), ada.user).content.decode()
    assert api.get("/api/v1/me", token=ada.access).status_code == 200
