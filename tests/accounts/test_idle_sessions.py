"""Sessions that nobody goes on with: over after a while, and for good."""

from __future__ import annotations

import subprocess
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import Session
from audit.models import AuditRow
from tests.accounts.people import signed_in
from tests.accounts.staff import SESSIONS, browser_of
from tests.kernel.test_start import GOOD

REFRESH = "/api/v1/auth/token/refresh"


def leave_alone(session_id, *, for_: timedelta) -> None:
    """Let a session go back in time, as if nobody had refreshed it since."""
    Session.objects.filter(pk=session_id).update(last_seen_at=F("last_seen_at") - for_)


def test_a_session_that_is_refreshed_in_time_goes_on_and_may_idle_anew(api):
    ada = signed_in(api)
    leave_alone(ada.session_id, for_=settings.SESSION_IDLE - timedelta(hours=1))

    pair = api.post(REFRESH, {"refresh": ada.refresh}).json()
    leave_alone(ada.session_id, for_=settings.SESSION_IDLE - timedelta(hours=1))

    assert api.post(REFRESH, {"refresh": pair["refresh"]}).status_code == 200


@pytest.mark.asvs("7.3.1")
def test_a_session_that_idled_too_long_is_refused_and_ended(api):
    ada = signed_in(api)
    other = signed_in(api, user=ada.user)
    leave_alone(ada.session_id, for_=settings.SESSION_IDLE)

    answer = api.post(REFRESH, {"refresh": ada.refresh})

    assert answer.status_code == 401
    assert answer.json()["error"] == "TOKEN_ERROR"
    assert api.get("/api/v1/me", token=ada.access).json()["error"] == "SESSION_ENDED"
    assert api.get("/api/v1/me", token=other.access).status_code == 200
    assert Session.objects.get(pk=ada.session_id).end_reason == "idle for too long"


def test_the_end_of_an_idle_session_is_in_the_trail_once_and_each_try_is_a_refusal(api):
    ada = signed_in(api)
    leave_alone(ada.session_id, for_=settings.SESSION_IDLE)

    for _ in range(2):
        api.post(REFRESH, {"refresh": ada.refresh})

    ended = AuditRow.objects.get(action="session.ended")
    assert (ended.session_id, ended.reason) == (Session.objects.get().pk, "idle for too long")
    refused = AuditRow.objects.filter(action="session.refreshed", outcome="refused")
    assert [row.reason for row in refused.order_by("pk")] == [
        "idle for too long",
        "refresh token of no live session",
    ]


def test_only_the_token_of_an_idle_session_ends_it(api):
    ada = signed_in(api)
    leave_alone(ada.session_id, for_=settings.SESSION_IDLE)
    raw = bytearray(urlsafe_b64decode(ada.refresh.removeprefix("plr_") + "=="))
    raw[20] ^= 1
    invented = "plr_" + urlsafe_b64encode(raw).decode().rstrip("=")

    answer = api.post(REFRESH, {"refresh": invented})

    assert answer.status_code == 401
    assert Session.objects.get().ended_at is None


def test_an_idle_session_is_not_listed(api):
    ada = signed_in(api)
    idle = signed_in(api, user=ada.user)
    leave_alone(idle.session_id, for_=settings.SESSION_IDLE)

    listed = api.get("/api/v1/sessions", token=ada.access).json()["results"]

    assert [entry["id"] for entry in listed] == [ada.session_id]


def test_what_ends_every_session_ends_idle_ones_too(api):
    ada = signed_in(api)
    idle = signed_in(api, user=ada.user)
    leave_alone(idle.session_id, for_=settings.SESSION_IDLE)

    api.post("/api/v1/auth/logout/all", token=ada.access)

    # A longer SESSION_IDLE_DAYS of tomorrow must not wake what was ended today.
    assert not Session.objects.filter(ended_at=None).exists()


def test_staff_see_which_sessions_are_idle(api):
    ada = signed_in(api)
    leave_alone(ada.session_id, for_=settings.SESSION_IDLE)
    browser = browser_of()

    shown = {
        state: browser.get(SESSIONS, {"state": state}).content.decode()
        for state in ("live", "ended")
    }

    assert ada.user.email not in shown["live"]
    assert ada.user.email in shown["ended"]
    assert ">idle<" in shown["ended"]


def test_a_refresh_costs_no_further_statement_for_it(api):
    ada = signed_in(api)

    with CaptureQueriesContext(connection) as statements:
        api.post(REFRESH, {"refresh": ada.refresh})

    asked = [entry["sql"] for entry in statements if "accounts_session" in entry["sql"]]
    is_one = connection.vendor == "postgresql"
    assert [sql.split()[0] for sql in asked] == (["WITH"] if is_one else ["UPDATE", "SELECT"])


@pytest.mark.asvs("7.3.1")
@pytest.mark.parametrize(
    ("variables", "days"),
    [
        ({}, "14"),
        ({"SESSION_IDLE_DAYS": "60", "SESSION_LIFETIME_DAYS": "30"}, "30"),
        ({"SESSION_LIFETIME_DAYS": "5"}, "5"),
    ],
)
def test_nobody_may_idle_for_longer_than_a_session_lives(root, variables, days):
    read = "from plinto.settings import SESSION_IDLE; print(SESSION_IDLE.days)"

    answer = subprocess.run(
        [sys.executable, "-c", read],
        env={**GOOD, **variables},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.strip() == days
