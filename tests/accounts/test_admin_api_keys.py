"""API keys in the admin site: looked at, and ended by staff who may."""

from __future__ import annotations

import base64

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey
from audit.models import AuditRow
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.staff import act, browser_of, helper

KEYS = "/admin/accounts/apikey/"


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def test_the_list_shows_no_secret_and_costs_the_same_however_long_it_is(club):
    browser, costs = browser_of(), []
    for _ in range(2):
        programs = [made(club) for _ in range(3)]
        with CaptureQueriesContext(
            connection,
        ) as found:
            page = browser.get(KEYS).content.decode()
        costs.append(len(found))
    assert costs[0] == costs[1]
    row = programs[0].row
    form = browser.get(f"{KEYS}{row.pk}/change/").content.decode()
    export = b"".join(browser.get(f"{KEYS}export/").streaming_content).decode()
    for shown in (page, form, export):
        assert row.hint in shown
        digest = bytes(row.digest)
        for secret in (programs[0].text, digest.hex(), base64.b64encode(digest).decode()):
            assert secret not in shown


def test_a_key_that_leaked_is_found_by_its_beginning_or_its_organization(api, club):
    program, other = made(club), made(Club(api))
    browser = browser_of()
    for term in (program.text, program.text[:8], club.slug):
        page = browser.get(KEYS, {"q": term}).content.decode()
        assert (program.id in page, other.id in page) == (True, False)


def test_staff_who_may_end_a_key_at_once_and_it_is_recorded(club):
    program, kept = made(club), made(club)
    assert program.works()
    browser = browser_of(helper("view_apikey", "delete_apikey"))
    assert "Keys deleted: 1." in act(browser, "end", program.row, page=KEYS)
    assert not program.works()
    assert kept.works()
    row = AuditRow.objects.get(action="api_key.deleted")
    assert (row.actor_kind, row.organization_id) == ("staff", club.id)


def test_staff_without_the_permission_end_none_and_nobody_edits_one(club):
    program = made(club)
    looking = browser_of(helper("view_apikey"))
    act(looking, "end", program.row, page=KEYS)
    assert looking.get(f"{KEYS}{program.id}/delete/").status_code == 403
    chief = browser_of()
    assert chief.get(f"{KEYS}add/").status_code == 403
    assert chief.post(f"{KEYS}{program.id}/change/", {"name": "Mine"}).status_code == 403
    assert chief.post(f"{KEYS}{program.id}/delete/", {"post": "yes"}).status_code == 403
    assert browser_of(helper("view_session")).get(KEYS).status_code == 403
    assert ApiKey.objects.get().name == "Billing"
