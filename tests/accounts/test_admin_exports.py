"""Lists leave the admin site as CSV: whole, filtered, and with nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import (
    ApiKey,
    Identity,
    Invitation,
    Membership,
    Organization,
    Role,
    User,
)
from audit.models import AuditRow
from plinto.kernel import spreadsheets
from tests.accounts.people import signed_in
from tests.accounts.staff import PEOPLE, SESSIONS, browser_of, helper
from tests.accounts.test_admin_lists import LISTS, a_row_of_everything
from tests.audit.rows import told
from tests.factories import AdministratorFactory, UserFactory


def exported(browser, page=PEOPLE, **query):
    answer = browser.get(f"{page}export/", query)
    assert answer.status_code == 200, answer.content
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\uff1d1", '=HYPERLINK("https://evil.example")'],
)
def test_a_name_that_is_a_formula_arrives_as_text(name):
    UserFactory(email="eve@example.com", name=name)

    row = next(row for row in exported(browser_of()) if row["email"] == "eve@example.com")

    assert row["name"] == f"'{name}"


@given(st.text())
def test_no_cell_begins_as_a_formula_does(text):
    inert = spreadsheets.inert(text)
    assert not inert.lstrip().startswith(("=", "+", "-", "@"))
    assert inert.removeprefix("'") == text.removeprefix("'")


def test_a_list_of_any_length_is_whole_and_in_its_order():
    administrator = AdministratorFactory()
    emails = (f"person{number}@example.org" for number in range(1_010))
    many = User.objects.bulk_create(User(email=email, email_key=email) for email in emails)
    people = [str(person.pk) for person in many]

    rows = exported(browser_of(administrator))

    assert [row["id"] for row in rows] == [*reversed(people), str(administrator.pk)]


def a_row_of_the_rest(number):
    """A row of each list that ``a_row_of_everything`` leaves out, all of them somebody's."""
    now, person = timezone.now(), UserFactory()
    club = Organization.objects.create(name="Club", slug=f"club-{number}", created_at=now)
    role = Role.objects.create(organization=club, name="member", created_at=now)
    there = {"organization": club, "role": role, "created_at": now}
    Membership.objects.create(user=person, **there)
    Invitation.objects.create(
        invited_by=person,
        email="eve@example.com",
        email_key="eve@example.com",
        token_digest=b"INVITATION%022d" % number,
        expires_at=now + timedelta(days=1),
        **there,
    )
    ApiKey.objects.create(
        organization=club,
        made_by=person,
        name="Deploys",
        hint="plk_abcd",
        digest=b"KEY%029d" % number,
        created_at=now,
    )
    Identity.objects.create(
        user=person, provider="google", subject=str(number), created_at=now, last_used_at=now
    )
    Group.objects.create(name=f"Group {number}")


ACCOUNTS = "/admin/accounts"
EXPORTED = (
    *LISTS[:-1],
    *(f"{ACCOUNTS}/{name}/" for name in ("organization", "role", "membership", "invitation")),
    *(f"{ACCOUNTS}/{name}/" for name in ("apikey", "identity")),
)


@pytest.mark.parametrize("page", EXPORTED)
def test_thirty_rows_cost_as_many_queries_as_five(page):
    browser = browser_of()
    counts = []
    for number in range(30):
        a_row_of_everything(number)
        a_row_of_the_rest(number)
        if number in {4, 29}:
            with CaptureQueriesContext(connection) as captured:
                assert exported(browser, page=page)
            counts.append(len(captured))
    assert counts[0] == counts[1]


def test_only_what_is_filtered_and_searched_for_leaves(api):
    UserFactory(email="off@example.com", is_active=False)
    UserFactory(email="on@example.com")
    browser = browser_of()

    off = exported(browser, is_active__exact="0")
    found = exported(browser, q="on@ex")

    assert [row["email"] for row in off] == ["off@example.com"]
    assert [row["email"] for row in found] == ["on@example.com"]


def test_the_trail_tells_who_took_which_list():
    administrator = AdministratorFactory()

    exported(browser_of(administrator), is_active__exact="0")

    row = AuditRow.objects.get(action="admin.exported")
    assert (row.actor_id, row.target_kind) == (str(administrator.pk), "user")
    assert told(row).changes == {"query": [None, "is_active__exact=0"]}


def test_no_secret_leaves_and_sessions_can_be_taken_too(api):
    person = signed_in(api)
    browser = browser_of(helper("view_session", "view_user"))

    people, sessions = exported(browser), exported(browser, page=SESSIONS)

    assert person.user.email in {row["person"] for row in sessions}
    assert "argon2" not in str(people) + str(sessions)


def test_who_may_not_see_a_list_may_not_take_it():
    assert browser_of(helper("view_session")).get(f"{PEOPLE}export/").status_code == 403


def test_a_filter_in_the_address_does_not_spell_out_a_secret():
    answer = browser_of().get(f"{PEOPLE}export/", {"password__startswith": "a"})
    assert answer.status_code == 400


def test_the_page_of_a_list_leads_to_its_export_with_the_same_filter():
    page = browser_of().get(PEOPLE, {"is_active__exact": "0"}).content.decode()
    assert f'href="{PEOPLE}export/?is_active__exact=0"' in page
