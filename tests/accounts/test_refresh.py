"""Refresh tokens: one successor, a grace for twins, and an end for thieves."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F
from django.utils import timezone

from accounts.models import Session, SigningKey
from accounts.services import keys
from audit.models import AuditRow
from tests.accounts.people import signed_in
from tests.api import Api

REFRESH = "/api/v1/auth/token/refresh"


def refreshed(api: Api, token: str) -> dict[str, str]:
    answer = api.post(REFRESH, {"refresh": token})
    assert answer.status_code == 200, answer.content
    return answer.json()


def let_the_grace_pass() -> None:
    Session.objects.update(refreshed_at=F("refreshed_at") - timedelta(seconds=11))


@pytest.mark.asvs("7.2.2")
def test_a_refresh_token_is_exchanged_for_a_new_pair(api):
    ada = signed_in(api)

    pair = refreshed(api, ada.refresh)

    assert pair["refresh"] != ada.refresh
    assert api.get("/api/v1/me", token=pair["access"]).status_code == 200
    assert refreshed(api, pair["refresh"])["refresh"] != pair["refresh"]


def test_a_late_twin_gets_the_same_successor(api):
    ada = signed_in(api)

    first, second = refreshed(api, ada.refresh), refreshed(api, ada.refresh)

    assert first["refresh"] == second["refresh"]


def test_fifty_concurrent_refreshes_of_one_token_have_one_successor(api):
    ada = signed_in(api)

    def refresh(_number: int) -> str:
        try:
            return refreshed(Api(), ada.refresh)["refresh"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(25) as pool:
        successors = set(pool.map(refresh, range(50)))

    assert len(successors) == 1
    assert AuditRow.objects.filter(action="session.refreshed").count() == 1


def test_a_replay_after_the_grace_ends_the_session_and_no_other(api):
    stolen = signed_in(api)
    other = signed_in(api, user=stolen.user)
    pair = refreshed(api, stolen.refresh)
    let_the_grace_pass()

    replay = api.post(REFRESH, {"refresh": stolen.refresh})

    assert replay.status_code == 401
    assert replay.json()["error"] == "REFRESH_TOKEN_REUSED"
    assert api.get("/api/v1/me", token=pair["access"]).status_code == 401
    assert api.post(REFRESH, {"refresh": pair["refresh"]}).status_code == 401
    assert api.get("/api/v1/me", token=other.access).status_code == 200
    assert AuditRow.objects.filter(action="session.refresh_reused", outcome="refused").exists()


def test_a_token_two_generations_old_is_reuse_even_within_the_grace(api):
    ada = signed_in(api)
    refreshed(api, refreshed(api, ada.refresh)["refresh"])

    replay = api.post(REFRESH, {"refresh": ada.refresh})

    assert replay.json()["error"] == "REFRESH_TOKEN_REUSED"


def test_an_invented_token_ends_nobodys_session(api):
    ada = signed_in(api)
    raw = bytearray(urlsafe_b64decode(ada.refresh.removeprefix("plr_") + "=="))
    raw[20] ^= 1
    invented = "plr_" + urlsafe_b64encode(raw).decode().rstrip("=")

    answer = api.post(REFRESH, {"refresh": invented})

    assert answer.json()["error"] == "TOKEN_ERROR"
    assert api.get("/api/v1/me", token=ada.access).status_code == 200


@pytest.mark.parametrize("spelling", ["{}=", "{}!", " {}", "{}\n"])
def test_another_spelling_of_a_live_token_is_refused_and_harmless(api, spelling):
    ada = signed_in(api)

    answer = api.post(REFRESH, {"refresh": spelling.format(ada.refresh)})

    assert answer.status_code == 401
    assert refreshed(api, ada.refresh)["access"]


@pytest.mark.parametrize("token", ["", "plr_", "plr_AAAA", "nonsense", "plr_\u00e9", "x" * 500])
def test_junk_is_refused(api, token):
    assert api.post(REFRESH, {"refresh": token}).status_code in {401, 422}


@pytest.mark.asvs("9.2.2")
def test_an_access_token_refreshes_nothing(api):
    ada = signed_in(api)

    assert api.post(REFRESH, {"refresh": ada.access[:500]}).status_code == 401


@pytest.mark.asvs("7.4.1")
def test_a_refresh_token_of_an_ended_session_is_refused(api):
    ada = signed_in(api)
    api.post("/api/v1/auth/logout", token=ada.access)

    answer = api.post(REFRESH, {"refresh": ada.refresh})

    assert answer.status_code == 401


@pytest.mark.asvs("7.3.2")
def test_a_session_is_not_refreshed_beyond_its_end(api):
    ada = signed_in(api)
    Session.objects.update(expires_at=timezone.now())

    assert api.post(REFRESH, {"refresh": ada.refresh}).status_code == 401


def test_the_database_keeps_no_refresh_token(api):
    ada = signed_in(api)
    pair = refreshed(api, ada.refresh)

    row = Session.objects.get()

    kept = bytes(row.refresh_digest) + bytes(row.spent_refresh_digest)
    secret = urlsafe_b64decode(pair["refresh"].removeprefix("plr_") + "==")[16:48]
    assert len(kept) == 64
    assert secret not in kept


def test_a_refused_refresh_is_in_the_trail(api):
    ada = signed_in(api)
    api.post("/api/v1/auth/logout", token=ada.access)
    api.post(REFRESH, {"refresh": ada.refresh})

    row = AuditRow.objects.get(action="session.refreshed", outcome="refused")

    assert row.reason == "refresh token of no live session"


def test_a_token_is_not_spent_when_no_key_can_sign_its_answer(api):
    ada = signed_in(api)
    key = SigningKey.objects.get()
    SigningKey.objects.all().delete()
    keys.ring.forget()
    assert api.post(REFRESH, {"refresh": ada.refresh}).status_code == 503
    key.save(force_insert=True)
    keys.ring.forget()
    let_the_grace_pass()

    assert refreshed(api, ada.refresh)["access"]
