"""What staff do to people in the admin site."""

from __future__ import annotations

import pytest

from accounts.models import Session, User
from audit.models import AuditRow
from tests.accounts.people import signed_in, token_in
from tests.accounts.staff import PEOPLE, act, browser_of, helper, save
from tests.audit.rows import told
from tests.factories import PASSWORD, AdministratorFactory, UserFactory

ME = "/api/v1/me"


@pytest.fixture
def administrator():
    return AdministratorFactory()


@pytest.fixture
def browser(administrator):
    return browser_of(administrator)


def test_a_person_is_created_without_a_password_and_mailed_a_link(browser, letters):
    browser.post(f"{PEOPLE}add/", {"email": "Ada@Example.com", "name": "Ada"})
    ada = User.objects.get(email_key="ada@example.com")
    assert not ada.has_usable_password()
    assert ada.email_verified_at is None
    assert [letter.to for letter in letters()] == [["Ada@example.com"]]


@pytest.mark.asvs("6.4.1")
def test_the_link_that_a_created_person_gets_sets_their_password(api, browser, letters):
    browser.post(f"{PEOPLE}add/", {"email": "ada@example.com", "name": "Ada"})
    body = {"token": token_in(letters()[0]), "password": PASSWORD}
    assert api.post("/api/v1/auth/password/reset/confirm", body).status_code == 204
    signed_in(api, user=User.objects.get(email_key="ada@example.com"))


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("no address", "Enter an email address."),
        ("", "This field is required."),
        ("TAKEN@example.com", "There is an account under this address."),
        ("a\x00@example.com", "Null characters are not allowed."),
    ],
)
def test_a_person_needs_an_address_of_their_own(browser, email, reason):
    UserFactory(email="taken@example.com")
    page = browser.post(f"{PEOPLE}add/", {"email": email, "name": ""}).content.decode()
    assert page.count(reason) == 1
    assert User.objects.count() == 2


@pytest.mark.asvs("6.4.6")
def test_rights_and_a_password_sent_with_a_new_person_are_ignored(browser):
    forged = {"is_staff": "on", "is_superuser": "on", "password": PASSWORD, "is_active": ""}
    browser.post(f"{PEOPLE}add/", {"email": "ada@example.com", "name": "", **forged})
    ada = User.objects.get(email_key="ada@example.com")
    assert (ada.is_staff, ada.is_superuser, ada.has_usable_password()) == (False, False, False)


def test_a_changed_name_shows_at_the_next_request_of_the_person(api, browser):
    person = signed_in(api)
    assert api.get(ME, token=person.access).json()["name"] == person.user.name
    save(browser, person.user, name="Ada Lovelace")
    assert api.get(ME, token=person.access).json()["name"] == "Ada Lovelace"


def test_a_change_is_recorded_with_what_was_before(administrator, browser):
    person = UserFactory(name="Ada")
    save(browser, person, name="Ada Lovelace")
    row = AuditRow.objects.get(action="admin.changed")
    assert (row.actor_kind, row.actor_id) == ("staff", str(administrator.pk))
    assert (row.target_id, told(row).changes) == (str(person.pk), {"name": ["Ada", "Ada Lovelace"]})
    assert User.objects.get(pk=person.pk).version == person.version + 1


def test_saving_without_a_change_records_nothing(browser):
    save(browser, UserFactory())
    assert not AuditRow.objects.filter(action="admin.changed").exists()


def test_a_changed_address_has_to_be_proved_anew(api, browser):
    person = signed_in(api)
    save(browser, person.user, email="new@example.com")
    assert api.get(ME, token=person.access).json()["email_verified"] is False
    changes = told(AuditRow.objects.get(action="admin.changed")).changes
    assert changes["email"] == [person.user.email, "new@example.com"]
    assert changes["email_verified_at"][1] is None


def test_another_spelling_of_the_same_address_stays_proved(browser):
    person = UserFactory(email="ada@example.com")
    save(browser, person, email="Ada@Example.com")
    person.refresh_from_db()
    assert person.email == "Ada@example.com"
    assert person.email_verified_at is not None


@pytest.mark.parametrize("changed", [{"name": "two\u2028lines"}, {"timezone": "Mars/Olympus"}])
def test_a_field_is_judged_as_the_api_judges_it(browser, changed):
    person = UserFactory(name="Ada")
    assert "errorlist" in save(browser, person, **changed).content.decode()
    assert User.objects.filter(pk=person.pk, name="Ada", timezone="", version=1).exists()


@pytest.mark.asvs("7.4.2")
def test_who_is_switched_off_is_refused_at_the_next_request(api, browser):
    person = signed_in(api)
    assert api.get(ME, token=person.access).status_code == 200
    assert "People switched off: 1." in act(browser, "deactivate", person.user)
    assert api.get(ME, token=person.access).status_code == 401
    assert api.post("/api/v1/auth/token/refresh", {"refresh": person.refresh}).status_code == 401
    assert AuditRow.objects.get(action="user.deactivated").target_id == str(person.user.pk)


@pytest.mark.asvs("7.4.2")
def test_who_is_switched_on_again_signs_in_anew_and_old_sessions_stay_ended(api, browser):
    person = signed_in(api)
    act(browser, "deactivate", person.user)
    act(browser, "reactivate", person.user)
    assert api.get(ME, token=person.access).status_code == 401
    signed_in(api, user=person.user)


@pytest.mark.asvs("7.4.5")
def test_all_sessions_of_a_person_end_at_once(api, browser):
    first = signed_in(api)
    second = signed_in(api, user=first.user)
    assert "Sessions ended: 2." in act(browser, "end_sessions", first.user)
    assert api.get(ME, token=first.access).status_code == 401
    assert api.get(ME, token=second.access).status_code == 401
    theirs = Session.objects.filter(user=first.user)
    assert set(theirs.values_list("end_reason", flat=True)) == {"ended by staff"}


@pytest.mark.asvs("6.4.6")
def test_a_link_is_mailed_to_who_is_on_and_refused_for_who_is_off(browser, letters):
    on, off = UserFactory(), UserFactory(is_active=False)
    page = act(browser, "mail_link", on, off)
    assert f"The account of {off.email} is switched off." in page
    assert [letter.to for letter in letters()] == [[on.email]]


@pytest.mark.parametrize("term", ["ADA@", "ada lov", "{id}"])
def test_a_person_is_found(browser, term):
    ada = UserFactory(email="ada@example.com", name="Ada Lovelace")
    UserFactory(email="bob@example.com", name="Bob")
    page = browser.get(PEOPLE, {"q": term.format(id=ada.pk)}).content.decode()
    assert "ada@example.com" in page
    assert "bob@example.com" not in page


@pytest.mark.parametrize(
    "query", [{"is_active__exact": "0"}, {"verified": "no"}, {"is_staff__exact": "1"}]
)
def test_people_are_filtered(browser, query):
    UserFactory(email="wanted@example.com", is_active=False, is_staff=True, email_verified_at=None)
    UserFactory(email="other@example.com")
    page = browser.get(PEOPLE, {**query, "when": "hour"}).content.decode()
    assert "wanted@example.com" in page
    assert "other@example.com" not in page


def test_nobody_is_deleted_here(browser):
    person = UserFactory()
    assert browser.post(f"{PEOPLE}{person.pk}/delete/", {"post": "yes"}).status_code == 403
    act(browser, "delete_selected", person)
    assert User.objects.filter(pk=person.pk).exists()


def test_the_history_of_a_person_is_the_trail(browser):
    person = UserFactory(name="Ada")
    save(browser, person, name="Ada Lovelace")
    page = browser.get(f"{PEOPLE}{person.pk}/history/", follow=True)
    assert page.request["PATH_INFO"] == "/admin/audit/auditrow/"
    assert "admin.changed" in page.content.decode()


def test_a_view_permission_shows_and_does_not_change():
    person, browser = UserFactory(name="Ada"), browser_of(helper("view_user"))
    assert browser.get(f"{PEOPLE}{person.pk}/change/").status_code == 200
    assert save(browser, person, name="Eve").status_code == 403
    act(browser, "deactivate", person)
    assert User.objects.filter(pk=person.pk, name="Ada", is_active=True).exists()
