"""Organizations in the admin site: for staff to look at, and for nobody to change."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Invitation, Membership, Organization, Role
from tests.accounts.organizations import Club
from tests.accounts.staff import browser_of, helper

LISTS = {
    model: f"/admin/accounts/{model._meta.model_name}/"
    for model in (Organization, Membership, Role, Invitation)
}


def populated(api, number: int) -> Club:
    club = Club(api)
    club.role(f"clerk-{number}", "invoices:read")
    body = {"email": f"guest{number}@example.com", "role": "member"}
    assert club.as_(club.owner, "POST", "/invitations", body).status_code == 201
    return club


def test_staff_who_may_see_organizations_see_what_is_in_them(api):
    club, other = populated(api, 1), populated(api, 2)
    rights = [f"view_{model._meta.model_name}" for model in LISTS]
    browser = browser_of(helper(*rights))
    page = browser.get(f"{LISTS[Organization]}{club.id}/change/").content.decode()
    assert club.slug in page
    for model, shown, hidden in (
        (Membership, club.owner.user.email, other.owner.user.email),
        (Role, "clerk-1", "clerk-2"),
        (Invitation, "guest1@example.com", "guest2@example.com"),
    ):
        address = f"{LISTS[model]}?organization__id__exact={club.id}"
        assert address in page
        found = browser.get(address).content.decode()
        assert shown in found
        assert hidden not in found
        searched = browser.get(f"{LISTS[model]}?q={other.slug}").content.decode()
        assert hidden in searched
        assert shown not in searched


def test_staff_who_may_not_see_them_are_refused(api):
    populated(api, 1)
    browser = browser_of(helper("view_user"))
    assert {browser.get(path).status_code for path in LISTS.values()} == {403}


def test_nobody_changes_an_organization_there_and_no_digest_is_shown(api):
    club, browser = populated(api, 1), browser_of()
    row = Invitation.objects.get()
    for model, path in LISTS.items():
        one = f"{path}{model.objects.first().pk}"
        page = browser.get(f"{one}/change/").content.decode()
        assert bytes(row.token_digest).hex() not in page
        assert browser.post(f"{one}/change/", {"slug": "mine"}).status_code == 403
        assert browser.post(f"{one}/delete/", {"post": "yes"}).status_code == 403
        assert browser.get(f"{path}add/").status_code == 403
    assert Organization.objects.get().slug == club.slug


@pytest.mark.parametrize("path", LISTS.values())
def test_a_list_costs_the_same_whatever_its_length(api, path):
    browser, counts = browser_of(), []
    for number in range(4):
        populated(api, number)
        if number in {0, 3}:
            with CaptureQueriesContext(connection) as captured:
                assert browser.get(path).status_code == 200
            counts.append(len(captured))
    assert counts[0] == counts[1]


def test_names_and_addresses_cannot_be_filtered_by(api):
    populated(api, 1)
    answer = browser_of().get(f"{LISTS[Membership]}?user__password__startswith=argon2")
    assert answer.status_code in {302, 400}
