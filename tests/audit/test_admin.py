from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.admin import NewestPages
from audit.models import AuditRow
from tests.accounts.staff import browser_of
from tests.audit.rows import a_row
from tests.factories import UserFactory

TRAIL = "/admin/audit/auditrow/"

pytestmark = pytest.mark.django_db


def written(**columns):
    row = a_row(**columns)
    row.save()
    return row


def signed_in(*, is_superuser=True):
    staff = UserFactory(is_staff=True, is_superuser=is_superuser)
    return browser_of(staff), staff


@pytest.fixture
def browser():
    return signed_in()[0]


def shown(browser, **query):
    return browser.get(TRAIL, query).content.decode()


def test_the_newest_row_stands_first(browser):
    written(reason="EARLIER")
    written(reason="LATER")
    page = shown(browser)
    assert page.index("LATER") < page.index("EARLIER")


@pytest.mark.parametrize("path", ["add/", "{id}/delete/"])
def test_even_a_superuser_cannot_add_or_delete(browser, path):
    row = written()
    assert browser.post(TRAIL + path.format(id=row.id), {"post": "yes"}).status_code == 403
    # The sign-in and the refusal are recorded too.
    assert AuditRow.objects.filter(action=row.action).get() == row


def test_even_a_superuser_cannot_change_a_row(browser):
    row = written()
    answer = browser.post(f"{TRAIL}{row.id}/change/", {"action": "user.forged"})
    assert answer.status_code == 403
    assert AuditRow.objects.get(pk=row.pk).action == "user.registered"


def test_a_row_can_be_read_in_full(browser):
    row = written(changes={"name": ["A", "Alice"]}, personal={"agent": "<b>curl</b>"})
    page = browser.get(f"{TRAIL}{row.id}/change/").content.decode()
    assert "Alice" in page
    assert "<b>curl</b>" not in page


def test_staff_without_the_permission_see_nothing():
    browser, staff = signed_in(is_superuser=False)
    assert browser.get(TRAIL).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_auditrow"))
    assert browser.get(TRAIL).status_code == 200


@pytest.mark.parametrize("column", ["actor_id", "target_id", "request_id"])
def test_a_row_is_found_by_id(browser, column):
    written(**{column: "wanted-id"}, reason="THE ROW")
    written(**{column: "other-id"}, reason="NOT THIS")
    page = shown(browser, q="wanted-id")
    assert "THE ROW" in page
    assert "NOT THIS" not in page


def test_a_row_is_found_by_its_own_id_and_by_an_address(browser):
    alice = UserFactory(email="alice@example.com")
    row = written(actor_id=str(alice.pk), reason="THE ROW")
    written(reason="NOT THIS")
    for term in (str(row.id), "alice@example.com"):
        page = shown(browser, q=term)
        assert "THE ROW" in page
        assert "NOT THIS" not in page


def test_a_search_for_a_nul_byte_finds_nothing_and_does_not_fail(browser):
    assert browser.get(TRAIL, {"q": "a\x00b"}).status_code == 200


def test_rows_are_filtered_by_action_outcome_and_time(browser):
    written(action="session.refused", outcome="refused", reason="THE ROW")
    written(action="session.refused", reason="NOT THIS")
    written(action="user.verified", outcome="refused", reason="NOR THIS")
    page = shown(browser, action="session.refused", outcome__exact="refused", when="hour")
    assert "THE ROW" in page
    assert "NOT THIS" not in page
    assert "NOR THIS" not in page


def test_a_row_older_than_the_period_is_left_out(browser):
    milliseconds = int((timezone.now() - timedelta(hours=2)).timestamp() * 1000)
    written(pk=UUID(int=milliseconds << 80), reason="TOO OLD")
    assert "TOO OLD" not in shown(browser, when="hour")
    assert "TOO OLD" in shown(browser, when="day")


def test_the_number_of_queries_does_not_grow_with_the_rows(browser):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            shown(browser)
        return len(captured)

    written()
    few = queries()
    for _ in range(30):
        written(actor_id="someone", personal={"actor_label": "someone@example.com"})
    assert queries() == few


class ThreeRows(NewestPages):
    reach = 3


def test_counting_stops_where_the_pages_end():
    for _ in range(5):
        written()
    assert ThreeRows(AuditRow.objects.all(), 2).count == 3
