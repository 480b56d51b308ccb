"""The trail in the admin site: how far each row is proved, and whether it stands."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditRow, Checkpoint, Truncation
from tests.accounts.organizations import Club
from tests.accounts.readers import happened
from tests.accounts.staff import browser_of, helper
from tests.audit.sealed import seal_all
from tests.audit.tampering import full_rights
from tests.factories import UserFactory

TRAIL = "/admin/audit/auditrow/"


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def shown(browser, address, **query):
    answer = browser.get(address, query, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_list_and_the_page_of_a_row_show_how_far_it_is_proved(club):
    row, browser = happened(club), browser_of()
    assert "not sealed yet" in shown(browser, TRAIL, q=str(row.pk))
    seal_all()
    assert "signed (1)" in shown(browser, TRAIL, q=str(row.pk))
    page = shown(browser, f"{TRAIL}{row.pk}/change/")
    sealed = AuditRow.objects.get(pk=row.pk)
    assert bytes(sealed.sealed_hash).hex() in page
    assert bytes(sealed.previous_hash).hex() in page
    assert "1: rows 1 to 2, signed at" in page


def test_a_row_that_is_sealed_and_not_signed_says_so(club):
    row = happened(club)
    AuditRow.objects.filter(pk=row.pk).seal(
        chain=club.id,
        sequence=1,
        previous_hash=bytes(32),
        sealed_hash=bytes(32),
        sealed_at=timezone.now(),
    )
    assert "sealed, not signed yet" in shown(browser_of(), TRAIL, q=str(row.pk))


def check(browser, row):
    return shown(browser, f"{TRAIL}{row.pk}/check/")


def test_checking_a_row_says_in_plain_words_whether_it_stands(club):
    row, browser = happened(club), browser_of()
    assert "This row is not signed yet." in check(browser, row)
    seal_all()
    assert "This row stands as it was signed: row 2 of its chain" in check(browser, row)
    with full_rights() as cursor:
        cursor.execute("UPDATE audit_row SET action = 'role.deleted' WHERE sequence = 2")
    assert "This row does not stand as it was signed: the event was changed." in check(browser, row)


def test_a_row_is_checked_by_who_may_see_the_trail_and_by_nobody_else(club):
    row = happened(club)
    assert browser_of(helper("view_user")).get(f"{TRAIL}{row.pk}/check/").status_code == 403
    browser = browser_of(helper("view_auditrow"))
    assert "not signed yet" in check(browser, row)
    assert browser.get(f"{TRAIL}{club.id}/check/").status_code == 404


def test_checkpoints_and_truncations_are_found_by_their_chain_and_changed_by_nobody(club):
    happened(club)
    seal_all()
    checkpoint = Checkpoint.objects.get(chain=club.id)
    cut = Truncation.objects.create(
        chain=club.id,
        through=1,
        through_hash=bytes(32),
        checkpoint=1,
        checkpoint_digest=bytes(32),
        cut_at=timezone.now(),
        kid="x",
        signature=bytes(64),
    )
    browser = browser_of()
    for name, row in (("checkpoint", checkpoint), ("truncation", cut)):
        page = f"/admin/audit/{name}/"
        assert f"{row.pk}/change/" in shown(browser, page, q=str(club.id))
        assert f"{row.pk}/change/" not in shown(browser, page, q=str(row.pk))
        assert bytes(row.signature).hex() in shown(browser, f"{page}{row.pk}/change/")
        assert browser.get(f"{page}add/").status_code == 403
        assert browser.post(f"{page}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def exported(browser, **query):
    answer = browser.get(f"{TRAIL}export/", query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_filtered_list_leaves_as_a_table_for_the_cost_of_its_portions(club):
    browser, counts = browser_of(), []
    for many in (5, 30):
        for _ in range(many):
            person = UserFactory()
            happened(club, action="role.created", actor_id=str(person.pk))
        seal_all()
        with CaptureQueriesContext(connection) as captured:
            rows = exported(browser, action="role.created")
        counts.append(len(captured))
    assert len(rows) == 35
    assert {row["proof"] for row in rows} == {"signed (1)", "signed (2)"}
    assert counts[0] == counts[1]
