"""A database that is well and has no time is told apart from one that is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from django import db
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

from plinto.kernel import problems
from tests.accounts.people import signed_in
from tests.accounts.staff import browser_of, save
from tests.factories import UserFactory
from tests.rivals import rival, with_settings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signing_key")]


def assert_busy(answer) -> None:
    told = answer.json()
    assert (answer.status_code, told["status_code"], told["error"]) == (503, 503, "DATABASE_BUSY")
    assert set(told) == {"error", "message", "status_code", "details", "request_id"}
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("name", ["lock_timeout", "statement_timeout"])
def test_who_waits_for_a_row_in_vain_is_told_that_the_database_is_busy(api, name):
    ada = signed_in(api)
    with rival() as other, with_settings(**{name: "200ms"}):
        other.holds(ada.user)
        answer = api.patch("/api/v1/me", {"name": "Ada"}, token=ada.access)
    assert_busy(answer)
    assert "lock" not in answer.content.decode()
    assert api.get("/api/v1/me", token=ada.access).json()["name"] == ada.user.name


def test_a_page_of_the_admin_site_says_so_in_the_same_shape():
    person, browser = UserFactory(), browser_of()
    with rival() as other, with_settings(lock_timeout="200ms"):
        other.holds(person)
        assert_busy(save(browser, person, name="Ada"))
    assert save(browser, person, name="Ada").status_code == 200


def test_an_api_call_waits_for_a_lock_as_long_as_the_settings_say_and_no_longer(api):
    ada = signed_in(api)
    with rival() as other:
        other.holds(ada.user)
        assert_busy(api.patch("/api/v1/me", {"name": "Ada"}, token=ada.access))


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("40001", "DATABASE_BUSY"),  # serialization_failure
        ("40P01", "DATABASE_BUSY"),  # deadlock_detected
        ("55P03", "DATABASE_BUSY"),  # lock_not_available
        ("57014", "DATABASE_BUSY"),  # query_canceled
        ("53100", "SERVICE_UNAVAILABLE_ERROR"),  # disk_full
        ("53300", "SERVICE_UNAVAILABLE_ERROR"),  # too_many_connections
        ("57P01", "SERVICE_UNAVAILABLE_ERROR"),  # admin_shutdown
        ("25006", "SERVICE_UNAVAILABLE_ERROR"),  # read_only_sql_transaction
    ],
)
def test_only_what_passes_by_waiting_is_called_busy(state, code):
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    with pytest.raises(db.Error) as raised, connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE 'secret detail' USING ERRCODE = '{state}'; END $$")
    assert problems.refusal_from(raised.value).error_code == code


@pytest.fixture
def sqlite_file(tmp_path) -> Iterator[str]:
    """Let this thread use a SQLite file, and wait for its writer no longer than an instant."""
    usual, path = connections["default"], str(tmp_path / "plinto.sqlite3")
    settings = {**usual.settings_dict, "NAME": path, "OPTIONS": {"timeout": 0.05}}
    connections["default"] = SQLite(settings, "default")
    yield path
    connections["default"].close()
    connections["default"] = usual


def test_a_sqlite_file_whose_writer_is_at_work_is_busy_too(api, sqlite_file):
    body = {"email": "ada@example.com", "password": "correct horse battery staple"}
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert_busy(api.post("/api/v1/auth/login", body))
    gone = api.post("/api/v1/auth/login", body).json()
    assert gone["error"] == "SERVICE_UNAVAILABLE_ERROR"
