"""What the trail of an organization tells of its members as people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import erasures
from audit.models import AuditRow
from tests.accounts import movers
from tests.accounts.organizations import Club
from tests.accounts.people import Person, signed_in, token_in
from tests.accounts.phones import MFA, enrolled
from tests.accounts.staff import PEOPLE, act, browser_of, save
from tests.audit.rows import told
from tests.factories import UserFactory

ME = "/api/v1/me"
NAME = "Augusta Ada Byron"

pytestmark = pytest.mark.django_db


@pytest.fixture
def club(api) -> Club:
    return Club(api)


@pytest.fixture
def ada(club) -> Person:
    return club.joined("member")


def seen(club: Club, action: str) -> list[AuditRow]:
    """The rows of one kind in the trail of an organization."""
    return list(AuditRow.objects.filter(organization_id=club.id, action=action).order_by("pk"))


def test_a_new_name_is_told_to_each_organization_and_to_no_other(api, club, ada):
    other, strange = Club(api), Club(api)
    other.joined("viewer", person=ada)

    assert api.patch(ME, {"name": NAME}, token=ada.access).status_code == 200

    for each in (club, other):
        [row] = seen(each, "member.changed")
        assert (row.target_id, row.actor_id) == (str(ada.user.pk),) * 2
        assert told(row).changes == {"name": [ada.user.name, NAME]}
    assert seen(strange, "member.changed") == []


def test_what_a_row_tells_of_a_member_is_sealed_and_where_they_were_is_not_told(api, club, ada):
    body, agent = {"name": NAME, "locale": "en"}, {"User-Agent": "Ada's own"}
    assert api.patch(ME, body, token=ada.access, headers=agent).status_code == 200

    [row], own = seen(club, "member.changed"), AuditRow.objects.get(action="user.updated")

    assert "Byron" not in f"{row.personal} {row.changes}"
    assert (told(own).address, told(own).agent) == ("127.0.0.1", "Ada's own")
    assert (told(row).address, told(row).agent, row.session_id) == ("", "", None)
    assert row.request_id == own.request_id
    # Which language somebody reads is their own affair.
    assert told(row).changes.keys() == {"name"}
    assert told(own).changes.keys() == {"name", "locale"}


def test_what_concerns_no_organization_is_told_to_none(api, club, ada):
    api.patch(ME, {"locale": "en"}, token=ada.access)
    assert seen(club, "member.changed") == []


def test_five_organizations_cost_no_more_statements_than_one(api, ada):
    def statements(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.patch(ME, {"name": name}, token=ada.access).status_code == 200
        return len(queries)

    statements("warm")
    one = statements("Ada")
    for _ in range(4):
        Club(api).joined("viewer", person=ada)
    assert statements("Augusta") == one
    assert AuditRow.objects.filter(action="member.changed").count() == 7


def test_a_new_address_and_the_way_back_are_told(letters, club, ada):
    before, after = ada.user.email, "ada.byron@example.org"
    movers.moved(ada, after, letters)
    movers.undo(token_in(movers.letters_to(before, letters)[-1]))

    rows = seen(club, "member.changed")

    assert [told(row).changes for row in rows] == [
        {"email": [before, after]},
        {"email": [after, before]},
    ]
    assert "@" not in f"{[row.personal for row in rows]} {[row.changes for row in rows]}"


def test_what_staff_do_to_a_member_is_told_and_not_who_of_them_did_it(club, ada):
    browser = browser_of()
    act(browser, "deactivate", ada.user, page=PEOPLE)
    act(browser, "reactivate", ada.user, page=PEOPLE)
    act(browser, "reactivate", ada.user, page=PEOPLE)
    save(browser, ada.user, name=NAME, email="ada.byron@example.org")

    rows = [row for row in AuditRow.objects.filter(organization_id=club.id).order_by("pk")][-3:]

    assert [row.action for row in rows] == [
        "member.deactivated",
        "member.reactivated",
        "member.changed",
    ]
    assert {(row.actor_kind, row.actor_id, told(row).actor_label) for row in rows} == {
        ("staff", "", "")
    }
    assert {told(row).target_label for row in rows[:2]} == {ada.user.email}
    assert told(rows[2]).changes["name"] == [ada.user.name, NAME]


def test_whoever_is_erased_was_a_member_and_nothing_readable_remains(api, club, ada):
    api.patch(ME, {"name": NAME}, token=ada.access)
    api.delete(ME, token=ada.access)

    assert erasures.erase_due(timezone.now() + timedelta(days=15)) == 1

    [gone], [changed] = seen(club, "member.erased"), seen(club, "member.changed")
    assert (gone.target_id, gone.actor_kind) == (str(ada.user.pk), "system")
    assert (gone.personal, gone.changes) == ({}, {})
    assert told(changed).changes == {}
    assert told(changed).target_label == ""


def test_a_member_without_a_second_factor_left_is_told_whoever_took_it(api, club):
    bob, _ = enrolled(api)
    eve, _ = enrolled(api, user=UserFactory())
    for person in (bob, eve):
        club.joined("member", person=person)

    assert api.delete(f"{MFA}/totp", token=bob.access).status_code == 204
    page = f"{PEOPLE}{eve.user.pk}/reset-factors/"
    assert browser_of().post(page, {"reason": "lost telephone"}).status_code == 302

    rows = seen(club, "member.changed")
    assert [row.target_id for row in rows] == [str(bob.user.pk), str(eve.user.pk)]
    assert {str(row.changes) for row in rows} == {"{'second_factor': [True, False]}"}
    assert {row.reason for row in rows} == {""}


def test_what_is_undone_was_told_to_nobody(api, club, ada):
    """Two people cannot have one address: the change and its rows go together."""
    other = signed_in(api)
    save(browser_of(), ada.user, name=NAME, email=other.user.email)
    assert seen(club, "member.changed") == []
