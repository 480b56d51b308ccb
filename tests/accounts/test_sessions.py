"""A person's sessions: seen, and ended for real."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import Session
from audit.models import AuditRow
from tests.accounts.people import signed_in
from tests.factories import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.asvs("7.5.2")
def test_sessions_are_listed_newest_first_with_the_current_one_marked(api):
    first = signed_in(api, address="192.0.2.1", headers={"User-Agent": FIREFOX})
    second = signed_in(api, user=first.user)

    answer = api.get("/api/v1/sessions", token=first.access).json()

    assert [entry["id"] for entry in answer["results"]] == [second.session_id, first.session_id]
    assert [entry["current"] for entry in answer["results"]] == [False, True]
    assert answer["results"][1]["device"] == "Firefox on Linux"
    assert answer["results"][1]["address"] == "192.0.2.1"
    assert answer["next"] is None


def test_a_long_list_comes_in_pages(api):
    ada = signed_in(api)
    newest = [signed_in(api, user=ada.user).session_id for _ in range(4)][::-1]

    first = api.get("/api/v1/sessions?limit=2", token=ada.access).json()
    second = api.get(f"/api/v1/sessions?limit=3&cursor={first['next']}", token=ada.access).json()

    seen = [entry["id"] for entry in first["results"] + second["results"]]
    assert seen == [*newest, ada.session_id]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=%00"])
def test_a_page_that_cannot_be_is_refused(api, query):
    ada = signed_in(api)

    assert api.get(f"/api/v1/sessions?{query}", token=ada.access).status_code == 422


@pytest.mark.asvs("7.5.2")
def test_an_ended_session_is_refused_on_its_very_next_request(api):
    kept = signed_in(api)
    ended = signed_in(api, user=kept.user)
    assert api.get("/api/v1/me", token=ended.access).status_code == 200

    answer = api.delete(f"/api/v1/sessions/{ended.session_id}", token=kept.access)

    assert answer.status_code == 204
    refused = api.get("/api/v1/me", token=ended.access)
    assert refused.status_code == 401
    assert refused.json()["error"] == "SESSION_ENDED"
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert api.get("/api/v1/me", token=kept.access).status_code == 200


@pytest.mark.asvs("7.4.3", "7.5.2")
def test_ending_the_others_keeps_the_one_that_asks(api):
    ada = signed_in(api)
    others = [signed_in(api, user=ada.user) for _ in range(3)]

    assert api.delete("/api/v1/sessions", token=ada.access).status_code == 204

    assert api.get("/api/v1/me", token=ada.access).status_code == 200
    assert {api.get("/api/v1/me", token=other.access).status_code for other in others} == {401}


def test_the_session_of_somebody_else_is_not_there(api):
    ada, eve = signed_in(api), signed_in(api)

    answer = api.delete(f"/api/v1/sessions/{ada.session_id}", token=eve.access)

    assert answer.status_code == 404
    assert api.get("/api/v1/me", token=ada.access).status_code == 200
    assert api.delete(f"/api/v1/sessions/{uuid4()}", token=eve.access).status_code == 404
    assert api.delete("/api/v1/sessions/nonsense", token=eve.access).status_code == 404


@pytest.mark.asvs("7.4.1")
def test_signing_out_ends_this_session_only(api):
    ada = signed_in(api)
    other = signed_in(api, user=ada.user)

    assert api.post("/api/v1/auth/logout", token=ada.access).status_code == 204

    assert api.get("/api/v1/me", token=ada.access).status_code == 401
    assert api.get("/api/v1/me", token=other.access).status_code == 200


def test_signing_out_everywhere_ends_every_session(api):
    ada = signed_in(api)
    other = signed_in(api, user=ada.user)

    assert api.post("/api/v1/auth/logout/all", token=ada.access).status_code == 204

    assert api.get("/api/v1/me", token=ada.access).status_code == 401
    assert api.get("/api/v1/me", token=other.access).status_code == 401


def test_every_end_of_a_session_is_in_the_trail(api):
    ada = signed_in(api)
    signed_in(api, user=ada.user)
    api.post("/api/v1/auth/logout/all", token=ada.access)

    rows = AuditRow.objects.filter(action="session.ended")

    assert {str(row.session_id) for row in rows} == {str(row.pk) for row in Session.objects.all()}
    assert {row.actor_id for row in rows} == {str(ada.user.pk)}


def test_proving_the_password_again_is_noted_on_the_session(api):
    ada = signed_in(api)
    before = Session.objects.get().proved_at

    right = api.post("/api/v1/auth/reauthenticate", {"password": PASSWORD}, token=ada.access)
    wrong = api.post("/api/v1/auth/reauthenticate", {"password": "x" * 20}, token=ada.access)

    assert (right.status_code, wrong.status_code) == (204, 401)
    assert Session.objects.get().proved_at > before


def test_failing_to_prove_a_password_again_ends_no_session(api):
    ada = signed_in(api)
    for _ in range(11):
        last = api.post("/api/v1/auth/reauthenticate", {"password": "x" * 20}, token=ada.access)

    assert last.status_code == 429
    assert api.get("/api/v1/me", token=ada.access).status_code == 200
