"""The admin site's list of identities: to look at, and to unlink with a permission."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Identity
from audit.models import AuditRow
from tests.accounts.staff import act, browser_of, helper
from tests.accounts.travellers import arrived, signed_up
from tests.api import Api
from tests.factories import AdministratorFactory, UserFactory
from tests.servers.identity_provider import Person

PAGE = "/admin/accounts/identity/"


def an_identity(subject="ada", **columns):
    given = {"user": UserFactory(), "email": "ada@elsewhere.example"} | columns
    return Identity.objects.create(
        provider="acme", subject=subject, created_at=timezone.now(), **given
    )


def test_staff_see_whose_an_identity_is_and_change_nothing():
    identity, browser = an_identity(), browser_of()
    page = browser.get(PAGE).content.decode()
    assert identity.user.email in page
    assert "ada@elsewhere.example" in page
    assert browser.get(f"{PAGE}{identity.pk}/change/").status_code == 200
    assert browser.get(f"{PAGE}add/").status_code == 403
    assert browser.post(f"{PAGE}{identity.pk}/change/", {"subject": "x"}).status_code == 403
    assert browser.post(f"{PAGE}{identity.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Identity.objects.get().subject == "ada"


def test_the_list_is_searched_by_the_address_of_the_person_and_costs_the_same_with_more_rows():
    identity, browser, counts = an_identity(), browser_of(), []
    for number in range(8):
        an_identity(f"other {number}", email="other@elsewhere.example")
        if number in {1, 7}:
            with CaptureQueriesContext(connection) as captured:
                browser.get(PAGE)
            counts.append(len(captured))
    assert counts[0] == counts[1]
    found = browser.get(f"{PAGE}?q={identity.user.email.upper()}").content.decode()
    assert "ada@elsewhere.example" in found
    assert "other@elsewhere.example" not in found
    assert browser.get(f"{PAGE}?user__password__startswith=argon2").status_code in {302, 400}


def test_staff_with_the_permission_unlink_an_identity_that_then_opens_nothing(idp, letters):
    ada = Person()
    tokens = signed_up(Api(), idp, ada)
    identity = Identity.objects.get()
    looking, browser = (
        browser_of(helper("view_identity")),
        browser_of(helper("view_identity", "delete_identity")),
    )
    act(looking, "unlink", identity, page=PAGE)
    assert Identity.objects.exists()
    assert "Identities unlinked: 1." in act(browser, "unlink", identity, page=PAGE)
    assert not Identity.objects.exists()
    assert "was unlinked from your account" in letters()[-1].body
    assert letters()[-1].to == [tokens["user"]["email"]]
    # The address has an account now, so its owner must prove the link anew.
    assert arrived(Api(), idp, ada).keys() == {"code"}


def test_an_identity_of_a_colleague_is_out_of_reach():
    identity = an_identity(user=AdministratorFactory())
    browser = browser_of(helper("view_identity", "delete_identity"))
    page = act(browser, "unlink", identity, page=PAGE)
    assert "Only a superuser may change staff." in page
    assert Identity.objects.exists()
    assert AuditRow.objects.filter(action="admin.refused").exists()
