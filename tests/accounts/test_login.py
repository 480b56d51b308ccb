"""Signing in with a password, and being kept from guessing one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections
from django.utils import timezone

from accounts.models import User
from audit.models import AuditRow
from resilience import counters
from resilience.models import Counter
from tests.accounts.people import signed_in
from tests.api import Api
from tests.audit.rows import told
from tests.factories import PASSWORD, UserFactory

LOGIN = "/api/v1/auth/login"
WRONG = "certainly not my password"


def test_the_right_password_opens_a_session_whatever_the_spelling_of_the_address(api):
    user = UserFactory(email="Ada@Example.com")

    answer = api.post(LOGIN, {"email": " aDA@EXAMPLE.COM", "password": PASSWORD})

    body = answer.json()
    assert answer.status_code == 200
    assert body["user"]["id"] == str(user.pk)
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 900
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("6.3.8")
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(api):
    UserFactory(email="ada@example.com")

    wrong = api.post(LOGIN, {"email": "ada@example.com", "password": WRONG})
    unknown = api.post(LOGIN, {"email": "nobody@example.com", "password": WRONG})
    nonsense = api.post(LOGIN, {"email": "no address", "password": WRONG})

    answers = [wrong.json(), unknown.json(), nonsense.json()]
    assert {wrong.status_code, unknown.status_code, nonsense.status_code} == {401}
    assert all({**body, "request_id": ""} == {**answers[0], "request_id": ""} for body in answers)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!unusable"}])
def test_an_account_that_may_not_sign_in_looks_like_a_wrong_password(api, change):
    UserFactory(email="ada@example.com", **change)

    answer = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD})

    assert answer.status_code == 401
    assert answer.json()["error"] == "INVALID_CREDENTIALS"


@pytest.mark.parametrize(
    "body",
    [
        {"email": ["ada@example.com", "eve@example.com"], "password": PASSWORD},
        {"email": "ada@example.com", "password": 123456789012345},
        {"email": "ada@example.com", "password": PASSWORD, "is_staff": True},
        {"email": "ada@example.com"},
        [],
    ],
)
def test_a_body_of_another_shape_is_refused_by_field(api, body):
    answer = api.post(LOGIN, body)

    assert answer.status_code == 422
    assert answer.json()["details"]["fields"]


@pytest.mark.asvs("6.3.1")
def test_after_ten_failures_no_password_of_that_account_is_tried_from_strange_places(api):
    UserFactory(email="ada@example.com")
    for number in range(10):
        body = {"email": "ada@example.com", "password": WRONG}
        assert api.post(LOGIN, body, address=f"10.0.0.{number}").status_code == 401

    answer = api.post(
        LOGIN, {"email": "Ada@example.com", "password": PASSWORD}, address="10.0.0.99"
    )

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900


@pytest.mark.asvs("6.3.8")
def test_unknown_addresses_are_locked_just_like_known_ones(api):
    for _ in range(10):
        api.post(LOGIN, {"email": "nobody@example.com", "password": WRONG})

    answer = api.post(LOGIN, {"email": "nobody@example.com", "password": WRONG})

    assert answer.status_code == 429


@pytest.mark.asvs("6.3.1")
def test_an_outsider_cannot_lock_a_person_out_of_the_network_they_sign_in_from(api):
    ada = signed_in(api, address="192.0.2.7")
    for number in range(30):
        body = {"email": ada.user.email, "password": WRONG}
        api.post(LOGIN, body, address=f"10.0.0.{number}")

    again = api.post(LOGIN, {"email": ada.user.email, "password": PASSWORD}, address="192.0.2.7")

    assert again.status_code == 200
    assert api.get("/api/v1/me", token=ada.access).status_code == 200


@pytest.mark.asvs("6.3.1")
def test_a_lockout_ends_by_itself(api):
    UserFactory(email="ada@example.com")
    for _ in range(11):
        api.post(LOGIN, {"email": "ada@example.com", "password": WRONG})
    Counter.objects.update(ends=int(timezone.now().timestamp()))

    answer = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD})

    assert answer.status_code == 200


@pytest.mark.asvs("6.3.1")
def test_a_success_does_not_buy_a_network_fresh_guesses(api):
    own = UserFactory(email="eve@example.com")
    for number in range(99):
        api.post(LOGIN, {"email": f"victim{number}@example.com", "password": WRONG})
    assert api.post(LOGIN, {"email": own.email, "password": PASSWORD}).status_code == 200
    api.post(LOGIN, {"email": "victim99@example.com", "password": WRONG})

    answer = api.post(LOGIN, {"email": "victim100@example.com", "password": WRONG})

    assert answer.status_code == 429


@pytest.mark.asvs("6.3.1")
def test_parallel_guesses_never_reach_the_hasher_more_often_than_the_limit():
    UserFactory(email="ada@example.com")

    def guess(number: int) -> int:
        try:
            body = {"email": "ada@example.com", "password": f"{WRONG} {number}"}
            return Api().post(LOGIN, body, address=f"10.0.{number}.1").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(guess, range(200)))

    assert sorted(set(answers)) == [401, 429]
    assert answers.count(401) == 10
    assert AuditRow.objects.filter(reason="wrong password").count() == 10


def test_an_old_hash_is_replaced_at_sign_in(api):
    old = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 4)
    UserFactory(email="ada@example.com", password=old)

    answer = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD})

    assert answer.status_code == 200
    assert User.objects.get().password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    again = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD})
    assert again.status_code == 200


def test_one_password_is_one_password_however_its_letters_are_composed(api):
    composed, decomposed = "caf\u00e9 au lait, s'il vous", "cafe\u0301 au lait, s'il vous"
    api.post("/api/v1/auth/register", {"email": "ada@example.com", "password": composed})
    UserFactory(email="zoe@example.com")
    ada = User.objects.get(email="zoe@example.com")
    token = signed_in(api, user=ada).access
    change = {"current_password": PASSWORD, "new_password": composed}
    assert api.post("/api/v1/me/password", change, token=token).status_code == 204

    answer = api.post(LOGIN, {"email": ada.email, "password": decomposed})

    assert answer.status_code == 200


def test_a_person_who_is_switched_off_is_refused_on_the_next_request(api):
    ada = signed_in(api)
    User.objects.filter(pk=ada.user.pk).update(is_active=False)

    refreshed = api.post("/api/v1/auth/token/refresh", {"refresh": ada.refresh})

    assert refreshed.status_code == 401


def test_a_refusal_is_in_the_trail_with_its_origin_and_without_the_password(api):
    UserFactory(email="ada@example.com")

    body = {"email": "ada@example.com", "password": WRONG}
    api.post(LOGIN, body, address="10.1.2.3", headers={"X-Request-ID": "request-12345"})

    row = AuditRow.objects.get(action="session.refused")
    assert (row.outcome, row.reason, row.request_id) == (
        "refused",
        "wrong password",
        "request-12345",
    )
    assert told(row).address == "10.1.2.3"
    assert WRONG not in str(vars(row))


def test_counters_that_are_over_are_cleared_away(api):
    api.post(LOGIN, {"email": "ada@example.com", "password": WRONG})

    assert Counter.objects.filter(scope__in=["stranger", "source"]).count() == 2
    written = Counter.objects.count()
    assert counters.trim(now=timezone.now() + timedelta(hours=1)) == written
    assert not Counter.objects.exists()


def test_a_lockout_is_in_the_trail_once_and_each_further_knock_as_a_refusal(api):
    UserFactory(email="ada@example.com")
    for _ in range(13):
        api.post(LOGIN, {"email": "ada@example.com", "password": WRONG})

    assert AuditRow.objects.filter(action="lockout.reached").count() == 1
    assert AuditRow.objects.filter(action="session.refused").count() == 12
