"""The profile, and what a warm request costs."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session, User
from accounts.services import standing
from audit.models import AuditRow
from tests.accounts.people import signed_in
from tests.audit.rows import told
from tests.servers.redis import RedisServer


def commands_run(redis_server: RedisServer) -> dict[str, int]:
    """Commands since the last reset, without those of the test itself."""
    told = re.findall(r"cmdstat_([\w|]+):calls=(\d+)", redis_server.cli("INFO", "commandstats"))
    own = ("config", "info", "select")
    return {name: int(calls) for name, calls in told if not name.startswith(own)}


def test_a_profile_is_read_and_changed(api):
    ada = signed_in(api)
    fields = {"name": "Ada Lovelace", "locale": "en-GB", "timezone": "Europe/London"}

    changed = api.patch("/api/v1/me", fields, token=ada.access)

    assert changed.status_code == 200
    assert api.get("/api/v1/me", token=ada.access).json() == changed.json()
    assert {name: changed.json()[name] for name in fields} == fields
    row = AuditRow.objects.get(action="user.updated")
    assert told(row).changes["locale"] == ["", "en-GB"]


def test_a_person_is_shown_nothing_of_their_row_but_what_is_described(api):
    ada = signed_in(api)
    described = {"id", "email", "email_verified", "name", "locale", "timezone", "created_at"}
    assert api.get("/api/v1/me", token=ada.access).json().keys() == described


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "two\nlines"},
        {"name": "x" * 201},
        {"name": None},
        {"locale": "not a tag!"},
        {"timezone": "Mars/Olympus"},
        {"email": "new@example.com"},
        {"is_staff": True},
        {"id": "x"},
    ],
)
def test_what_a_person_may_not_say_of_themselves_is_refused(api, fields):
    ada = signed_in(api)

    answer = api.patch("/api/v1/me", fields, token=ada.access)

    assert answer.status_code == 422
    assert list(answer.json()["details"]["fields"]) == list(fields)


def test_a_change_that_changes_nothing_leaves_no_trace(api):
    ada = signed_in(api)

    api.patch("/api/v1/me", {"name": ada.user.name}, token=ada.access)

    assert not AuditRow.objects.filter(action="user.updated").exists()


def test_without_a_token_there_is_nobody(api):
    answer = api.get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.json()["error"] == "AUTHENTICATION_ERROR"


@pytest.mark.skipif(not settings.REDIS_URL, reason="without Redis every request reads the row")
def test_a_warm_request_runs_no_sql_and_one_redis_command(api, redis_server):
    ada = signed_in(api)
    api.get("/api/v1/me", token=ada.access)
    redis_server.cli("CONFIG", "RESETSTAT")

    with CaptureQueriesContext(connection) as statements:
        answer = api.get("/api/v1/me", token=ada.access)

    assert answer.status_code == 200
    assert len(statements) == 0
    sent = commands_run(redis_server)
    # The script counts the request and brings the copies; the rest is what it does inside Redis.
    assert (sent["evalsha"], sent["mget"]) == (1, 1)
    assert "get" not in sent


@pytest.mark.skipif(not settings.REDIS_URL, reason="without Redis every request reads the row")
def test_the_first_request_of_a_session_finds_what_its_sign_in_left(api):
    ada = signed_in(api)
    api.get("/api/v1/me", token=ada.access)
    elsewhere = signed_in(api, user=ada.user)

    with CaptureQueriesContext(connection) as statements:
        answer = api.get("/api/v1/me", token=elsewhere.access)

    assert answer.json()["id"] == str(ada.user.pk)
    assert len(statements) == 0


def test_a_cold_request_costs_one_statement(api):
    ada = signed_in(api)

    with CaptureQueriesContext(connection) as statements:
        api.get("/api/v1/me", token=ada.access)

    assert len(statements) == 1


@pytest.mark.skipif(not settings.REDIS_URL, reason="copies need a shared Redis")
def test_a_late_copy_never_revives_an_ended_session(api):
    ada = signed_in(api)
    stale = Session.objects.filter(pk=ada.session_id).values(*standing._SESSION).get()
    api.post("/api/v1/auth/logout", token=ada.access)

    standing._fill_session(stale)

    assert api.get("/api/v1/me", token=ada.access).status_code == 401


@pytest.mark.skipif(not settings.REDIS_URL, reason="copies need a shared Redis")
def test_a_late_copy_of_a_person_never_replaces_a_newer_one(api):
    ada = signed_in(api)
    stale = User.objects.filter(pk=ada.user.pk).values(*standing._PERSON).get()
    api.patch("/api/v1/me", {"name": "New Name"}, token=ada.access)

    standing._fill_person(ada.user.pk, stale)

    assert api.get("/api/v1/me", token=ada.access).json()["name"] == "New Name"


@pytest.mark.asvs("7.4.1")
@pytest.mark.skipif(not settings.REDIS_URL, reason="needs a Redis to kill")
@pytest.mark.parametrize("trouble", ["kill", "stall"])
def test_an_ended_session_is_refused_while_redis_is_away(api, redis_server, trouble):
    ada, kept = signed_in(api), signed_in(api)
    api.get("/api/v1/me", token=ada.access)
    getattr(redis_server, trouble)()

    api.post("/api/v1/auth/logout", token=ada.access)

    assert api.get("/api/v1/me", token=ada.access).status_code == 401
    assert api.get("/api/v1/me", token=kept.access).status_code == 200
