"""A person is told everything that is held about them, and is erased when they ask for it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from accounts.models import DataExport, OutboundMail, Registration, User
from accounts.services import data_exports, erasures, personal_data
from audit.models import AuditRow
from resilience.worker import Shift, run_until_idle
from tests.accounts import every_table
from tests.accounts.old_proofs import let_proofs_grow_old
from tests.accounts.organizations import Club
from tests.accounts.people import signed_in
from tests.accounts.phones import enrolled
from tests.accounts.staff import PEOPLE, act, browser_of, helper
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.races import at_once

ME = "/api/v1/me"
EXPORT = "/api/v1/me/export"
ADDRESS, NAME = "ada.lovelace@example.com", "Augusta Ada Byron"


@pytest.fixture
def ada(api):
    """Somebody who has used everything there is to use."""
    person, _ = enrolled(api, user=UserFactory(email=ADDRESS, name=NAME))
    api.patch(ME, {"name": f"{NAME} King", "locale": "en"}, token=person.access)
    api.post("/api/v1/auth/password/reset", {"email": ADDRESS})
    api.post("/api/v1/auth/login", {"email": ADDRESS, "password": "not her password at all"})
    api.post("/api/v1/auth/register", {"email": "ADA.Lovelace@example.com", "password": PASSWORD})
    Registration.objects.create(
        email=ADDRESS,
        email_key=ADDRESS,
        name=NAME,
        password="x",
        handle_digest=b"h" * 32,
        created_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )
    return person


def written(api, person):
    """Ask for an export and let the worker write it; return where it is."""
    asked = api.post(EXPORT, {}, token=person.access)
    assert asked.status_code == 202, asked.content
    run_until_idle([data_exports.QUEUE], shift=Shift())
    return f"{EXPORT}/{asked.json()['id']}"


def test_an_export_is_asked_for_written_and_taken_once(api, letters, ada):
    asked = api.post(EXPORT, {}, token=ada.access)
    where = f"{EXPORT}/{asked.json()['id']}"
    pending = api.get(where, token=ada.access)
    run_until_idle([data_exports.QUEUE], shift=Shift())
    taken = api.get(where, token=ada.access)
    again = api.get(where, token=ada.access)

    assert (asked.status_code, pending.status_code) == (202, 202)
    assert pending.headers["Retry-After"]
    assert (taken.status_code, again.status_code) == (200, 404)
    assert taken.headers["Content-Disposition"].startswith("attachment")
    assert taken.json()["person"] == str(ada.user.pk)
    assert bytes(DataExport.objects.get().sealed) == b""
    assert "Your data export is ready" in [letter.subject for letter in letters()]
    assert set(AuditRow.objects.values_list("action", flat=True)) >= {
        "export.requested",
        "export.taken",
    }


def test_an_export_holds_the_rows_of_every_table_that_has_any(api, ada):
    where = written(api, ada)
    held = {
        holding.name: holding.rows.count()
        for holding in personal_data.holdings(ada.user)
        if holding.rows.exists()
    }

    tables = api.get(where, token=ada.access).json()["tables"]

    # What was written about the export itself came after it.
    for name in ("accounts.dataexport", "accounts.outboundmail", "audit.auditrow"):
        held[name] = len(tables[name])
        assert held[name]
    assert {name: len(rows) for name, rows in tables.items() if rows} == held
    assert {"accounts.session", "accounts.authenticatorapp", "accounts.registration"} <= set(held)


def test_an_export_shows_no_secret_and_nobody_else(api, ada):
    UserFactory(email="bob@example.com", name="Bob")
    told = api.get(written(api, ada), token=ada.access).content.decode()

    assert ada.user.password not in told
    assert "argon2" not in told
    assert "bob@example.com" not in told
    assert json.loads(told)["tables"]["accounts.user"][0]["password"] == "(secret)"


def test_every_table_is_somebodys_or_says_why_it_is_nobodys():
    unknown = [
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if not personal_data.is_known(model)
    ]
    assert unknown == []


def test_of_eight_who_ask_at_once_all_get_the_one_export(api, ada):
    answers = at_once(lambda _: api.post(EXPORT, {}, token=ada.access), times=8)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_of_eight_who_take_an_export_at_once_one_gets_it(api, ada):
    where = written(api, ada)

    answers = at_once(lambda _: api.get(where, token=ada.access), times=8)

    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7


def test_an_export_belongs_to_its_person_and_expires(api, ada):
    where = written(api, ada)
    stranger = signed_in(api)
    assert api.get(where, token=stranger.access).status_code == 404
    assert api.get(where).status_code == 401

    DataExport.objects.update(expires_at=timezone.now())

    assert api.get(where, token=ada.access).status_code == 404
    assert data_exports.trim(now=timezone.now() + timedelta(seconds=1)) == 1


@pytest.mark.asvs("7.5.3")
def test_exports_are_written_three_times_a_day_and_asked_for_by_who_proved_it_lately(api, ada):
    for _ in range(3):
        written(api, ada)
    assert api.post(EXPORT, {}, token=ada.access).status_code == 429

    answer = api.post(EXPORT, {}, token=long_ago(api))

    assert answer.json()["error"] == "REAUTHENTICATION_REQUIRED"


def long_ago(api):
    """The token of somebody who proved who they are eleven minutes ago."""
    fresh = signed_in(api)
    let_proofs_grow_old(fresh.session_id)
    return fresh.access


def erased(person, *, days=15):
    return erasures.erase_due(timezone.now() + timedelta(days=days))


@pytest.mark.asvs("7.4.2")
def test_who_asks_to_be_erased_is_signed_out_everywhere_and_told_when(api, letters, ada):
    elsewhere = signed_in(api, user=UserFactory())

    answer = api.delete(ME, token=ada.access)

    assert answer.status_code == 202
    assert answer.json()["erase_at"][:10] == str((timezone.now() + timedelta(days=14)).date())
    assert api.get(ME, token=ada.access).status_code == 401
    assert api.get(ME, token=elsewhere.access).status_code == 200
    assert erasures.erase_due(timezone.now() + timedelta(days=13)) == 0
    told = [letter for letter in letters() if "erasing" in letter.subject]
    assert "signing in calls it off" in " ".join(told[0].body.split())


def test_signing_in_meanwhile_calls_it_off(api, letters):
    bob = signed_in(api)
    api.delete(ME, token=bob.access)

    signed_in(api, user=bob.user)

    assert erased(bob) == 0
    assert User.objects.filter(pk=bob.user.pk).exists()
    assert AuditRow.objects.filter(action="user.erasure_cancelled").count() == 1
    assert "will not be erased" in letters()[-1].body


def test_after_an_erasure_no_table_holds_the_address_or_the_name(api, letters, ada):
    written(api, ada)
    letters()
    api.delete(ME, token=ada.access)

    assert erased(ada) == 1

    assert every_table.columns_with(ADDRESS.partition("@")[0], NAME) == set()
    assert AuditRow.objects.filter(action="user.erased", target_id=str(ada.user.pk)).exists()


def test_the_address_is_free_again_and_leads_to_somebody_new(api, letters, ada):
    api.delete(ME, token=ada.access)
    erased(ada)

    answer = api.post("/api/v1/auth/login", {"email": ADDRESS, "password": PASSWORD})
    registered = api.post("/api/v1/auth/register", {"email": ADDRESS, "password": PASSWORD})

    assert (answer.status_code, registered.status_code) == (401, 202)
    assert "Confirm" in letters()[-1].subject


@pytest.mark.asvs("7.5.3")
def test_erasing_asks_for_a_fresh_proof(api):
    answer = api.delete(ME, token=long_ago(api))
    assert (answer.status_code, answer.json()["error"]) == (403, "REAUTHENTICATION_REQUIRED")


def test_the_last_administrator_stays_and_of_two_who_leave_at_once_one_does(api):
    one = signed_in(api, user=AdministratorFactory())
    alone = api.delete(ME, token=one.access)
    two = signed_in(api, user=AdministratorFactory())

    answers = at_once(lambda n: api.delete(ME, token=(one, two)[n].access), times=2)

    assert (alone.status_code, alone.json()["error"]) == (409, "LAST_ADMINISTRATOR")
    assert sorted(answer.status_code for answer in answers) == [202, 409]


def test_two_workers_erase_somebody_once(api, ada):
    api.delete(ME, token=ada.access)

    assert sorted(at_once(lambda _: erased(ada), times=2)) == [0, 1]
    assert OutboundMail.objects.filter(recipient__iexact=ADDRESS).count() == 0


def test_the_last_owner_of_an_organization_stays_until_somebody_else_owns_it(api):
    club = Club(api)
    owner = club.owner

    alone = api.delete(ME, token=owner.access)
    heir = club.joined("owner")
    answer = api.delete(ME, token=owner.access)

    assert (alone.status_code, alone.json()["error"]) == (409, "LAST_OWNER")
    assert answer.status_code == 202
    # Whoever is about to go is no owner to be left with.
    left = club.as_(heir, "DELETE", f"/members/{heir.user.pk}")
    assert (left.status_code, left.json()["error"]) == (409, "LAST_OWNER")
    assert erased(owner) == 1


def test_who_was_invited_by_a_person_is_not_in_their_export(api):
    club = Club(api)
    club.as_(club.owner, "POST", "/invitations", {"email": "grace@example.com", "role": "member"})

    told = api.get(written(api, club.owner), token=club.owner.access).content.decode()

    assert len(json.loads(told)["tables"]["accounts.invitation"]) == 1
    assert "grace@example.com" not in told


def test_staff_erase_somebody_who_asked_them_and_nobody_they_may_not_touch(api, letters):
    person, colleague = signed_in(api), UserFactory(is_staff=True)
    helps = browser_of(helper("view_user", "change_user"))
    erases = browser_of(helper("view_user", "change_user", "delete_user"))

    act(helps, "erase", person.user, page=PEOPLE)
    assert not User.objects.filter(erase_at__isnull=False).exists()
    page = act(erases, "erase", person.user, colleague, page=PEOPLE)

    assert "People to be erased: 1." in page
    assert api.get(ME, token=person.access).status_code == 401
    told = letters()[-1]
    assert told.to == [person.user.email]
    assert "127.0.0.1" not in told.body
    assert erased(person) == 1
    assert User.objects.filter(pk=colleague.pk).exists()
