"""Passwords: changed by their person, reset by mail, never by anybody else."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from accounts.models import PasswordLink, User
from accounts.services import passwords
from audit.models import AuditRow
from tests.accounts.people import signed_in, token_in
from tests.api import Api
from tests.factories import PASSWORD, UserFactory

NEW = "an entirely new password"
CONFIRM = "/api/v1/auth/password/reset/confirm"


def change(api: Api, token: str, current: str = PASSWORD, new: str = NEW) -> int:
    body = {"current_password": current, "new_password": new}
    return api.post("/api/v1/me/password", body, token=token).status_code


@pytest.mark.asvs("6.2.2", "6.3.7", "7.4.3")
def test_changing_the_password_keeps_this_session_and_ends_the_others(api, letters):
    ada = signed_in(api)
    other = signed_in(api, user=ada.user)

    assert change(api, ada.access) == 204

    assert api.get("/api/v1/me", token=ada.access).status_code == 200
    assert api.get("/api/v1/me", token=other.access).status_code == 401
    old = {"email": ada.user.email, "password": PASSWORD}
    assert api.post("/api/v1/auth/login", old).status_code == 401
    assert api.post("/api/v1/auth/login", {**old, "password": NEW}).status_code == 200
    assert [letter.to for letter in letters()] == [[ada.user.email]]


@pytest.mark.asvs("6.2.3")
def test_a_wrong_current_password_changes_nothing(api):
    ada = signed_in(api)

    assert change(api, ada.access, current="not the password") == 401

    assert AuditRow.objects.get(action="password.changed").outcome == "refused"
    assert (
        api.post("/api/v1/auth/login", {"email": ada.user.email, "password": PASSWORD}).status_code
        == 200
    )


def test_the_same_or_a_weak_password_is_no_change(api):
    ada = signed_in(api)

    assert change(api, ada.access, new=PASSWORD) == 422
    assert change(api, ada.access, new="too short") == 422


@pytest.mark.asvs("6.4.3", "7.4.3")
def test_a_reset_link_sets_the_password_and_ends_every_session(api, letters):
    ada = signed_in(api)
    assert api.post("/api/v1/auth/password/reset", {"email": ada.user.email}).status_code == 202
    body = {"token": token_in(letters()[0]), "password": NEW}

    assert api.post(CONFIRM, body).status_code == 204

    assert api.get("/api/v1/me", token=ada.access).status_code == 401
    assert (
        api.post("/api/v1/auth/login", {"email": ada.user.email, "password": NEW}).status_code
        == 200
    )
    assert api.post(CONFIRM, body).status_code == 401


@pytest.mark.asvs("6.3.8")
def test_an_unknown_address_gets_the_same_answer_and_no_letter(api, letters):
    UserFactory(email="ada@example.com")

    known = api.post("/api/v1/auth/password/reset", {"email": "ada@example.com"})
    unknown = api.post("/api/v1/auth/password/reset", {"email": "eve@example.com"})

    assert known.status_code == unknown.status_code == 202
    assert known.json() == unknown.json()
    assert [letter.to for letter in letters()] == [["ada@example.com"]]


def test_a_letter_goes_to_the_stored_address(api, letters):
    UserFactory(email="Ada@example.com")

    api.post("/api/v1/auth/password/reset", {"email": "ADA@EXAMPLE.COM"})

    assert letters()[0].to == ["Ada@example.com"]


def test_a_link_dies_with_the_password_it_was_issued_for(api, letters):
    ada = signed_in(api)
    api.post("/api/v1/auth/password/reset", {"email": ada.user.email})
    link = token_in(letters()[0])
    change(api, ada.access)

    answer = api.post(CONFIRM, {"token": link, "password": "yet another password"})

    assert answer.status_code == 401


def test_a_link_dies_with_the_address_it_was_sent_to(api, letters):
    user = UserFactory(email="ada@example.com")
    api.post("/api/v1/auth/password/reset", {"email": "ada@example.com"})
    user.email = "new@example.com"
    user.save()

    answer = api.post(CONFIRM, {"token": token_in(letters()[0]), "password": NEW})

    assert answer.status_code == 401


@pytest.mark.asvs("6.4.1")
def test_an_expired_link_is_refused(api, letters):
    UserFactory(email="ada@example.com")
    api.post("/api/v1/auth/password/reset", {"email": "ada@example.com"})
    PasswordLink.objects.update(expires_at=timezone.now())

    answer = api.post(CONFIRM, {"token": token_in(letters()[0]), "password": NEW})

    assert answer.status_code == 401


def test_a_refused_password_does_not_cost_the_link(api, letters):
    UserFactory(email="ada@example.com")
    api.post("/api/v1/auth/password/reset", {"email": "ada@example.com"})
    token = token_in(letters()[0])

    weak = api.post(CONFIRM, {"token": token, "password": "too short"})
    good = api.post(CONFIRM, {"token": token, "password": NEW})

    assert (weak.status_code, good.status_code) == (422, 204)


@pytest.mark.asvs("6.4.1")
def test_of_ten_concurrent_uses_of_a_link_one_succeeds(api, letters):
    UserFactory(email="ada@example.com")
    api.post("/api/v1/auth/password/reset", {"email": "ada@example.com"})
    token = token_in(letters()[0])

    def use(number: int) -> int:
        try:
            body = {"token": token, "password": f"{NEW} {number}"}
            return Api().post(CONFIRM, body).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(use, range(10)))

    assert answers == [204, *[401] * 9]


def test_a_reset_frees_an_account_that_strangers_locked(api, letters):
    user = UserFactory(email="ada@example.com")
    for _ in range(11):
        api.post("/api/v1/auth/login", {"email": user.email, "password": "wrong password"})
    api.post("/api/v1/auth/password/reset", {"email": user.email})

    api.post(CONFIRM, {"token": token_in(letters()[0]), "password": NEW})

    answer = api.post("/api/v1/auth/login", {"email": user.email, "password": NEW})
    assert answer.status_code == 200


def test_host_headers_do_not_move_the_link(api, letters):
    UserFactory(email="ada@example.com")

    api.post(
        "/api/v1/auth/password/reset",
        {"email": "ada@example.com"},
        headers={"X-Forwarded-Host": "evil.example"},
    )

    assert "http://localhost:8000/set-password#token=" in letters()[0].body


@pytest.mark.asvs("6.2.12")
def test_a_breached_password_is_found_in_a_list_of_any_size(tmp_path):
    words = [f"word number {number}" for number in range(1000)]
    digests = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words)
    path = tmp_path / "pwned.txt"
    path.write_text("".join(f"{digest}:{len(digest)}\r\n" for digest in digests))

    assert all(passwords.is_breached(word, str(path)) for word in words)
    assert not any(passwords.is_breached(f"{word}!", str(path)) for word in words)


def test_nobody_but_an_owner_can_use_a_link_for_nobody(api, letters):
    api.post("/api/v1/auth/password/reset", {"email": "eve@example.com"})

    assert letters() == []
    assert PasswordLink.objects.get().user is None
    assert not User.objects.exists()


@pytest.mark.asvs("6.2.11")
@override_settings(PUBLIC_URL="https://id.acmecorporation.example", APP_URL="https://tulipshop.org")
def test_a_password_is_not_made_of_the_names_of_the_deployment(api):
    ada = signed_in(api)
    change = {"current_password": PASSWORD, "new_password": "TulipShop AcmeCorporation 1"}

    answer = api.post("/api/v1/me/password", change, token=ada.access)

    assert answer.status_code == 422
    assert "too close" in answer.json()["details"]["fields"]["new_password"][0]
