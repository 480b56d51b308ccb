"""Sign-up: from a wish to a proved person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import MailboxProof, OutboundMail, User
from tests.accounts.people import code_in, signed_in, token_in
from tests.accounts.phones import enrolled
from tests.api import Api
from tests.factories import PASSWORD, UserFactory
from tests.races import at_once

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}


def test_a_new_person_registers_proves_the_mailbox_and_is_signed_in(api, letters):
    registration = api.post("/api/v1/auth/register", ADA).json()["registration"]

    answer = api.post(
        "/api/v1/auth/verify-email",
        {"email": ADA["email"], "code": code_in(letters()[0]), "registration": registration},
    )

    assert answer.status_code == 200
    me = api.get("/api/v1/me", token=answer.json()["access"]).json()
    assert me["email"] == "ada@example.com"
    assert me["email_verified"] is True
    assert me["name"] == "Ada"


def test_the_link_and_the_chosen_password_do_the_same(api, letters):
    api.post("/api/v1/auth/register", ADA)

    answer = api.post(
        "/api/v1/auth/verify-email", {"token": token_in(letters()[0]), "password": PASSWORD}
    )

    assert answer.json()["user"]["email"] == "ada@example.com"


@pytest.mark.asvs("6.3.8")
def test_a_taken_address_gets_the_same_answer_and_its_owner_a_letter(api, letters):
    UserFactory(email="ada@example.com")

    taken = api.post("/api/v1/auth/register", ADA)
    free = api.post("/api/v1/auth/register", {**ADA, "email": "grace@example.com"})

    assert taken.status_code == free.status_code == 202
    assert taken.json().keys() == free.json().keys()
    assert taken.json()["status"] == free.json()["status"]
    told = [letter for letter in letters() if letter.to == ["ada@example.com"]]
    assert len(told) == 1
    assert "#token=" not in told[0].body


def test_a_registration_is_no_account_before_the_mailbox_is_proved(api):
    api.post("/api/v1/auth/register", ADA)

    answer = api.post("/api/v1/auth/login", {"email": ADA["email"], "password": PASSWORD})

    assert answer.status_code == 401
    assert answer.json()["error"] == "INVALID_CREDENTIALS"


def test_whoever_registered_my_address_gains_nothing_when_i_click_the_link(api, letters):
    api.post("/api/v1/auth/register", {**ADA, "password": "the attacker knows this one"})

    answer = api.post("/api/v1/auth/verify-email", {"token": token_in(letters()[0])})

    assert answer.json() == {"status": "verified"}
    stolen = {"email": ADA["email"], "password": "the attacker knows this one"}
    assert api.post("/api/v1/auth/login", stolen).status_code == 401
    own = {"token": token_in(letters()[-1]), "password": "the password of the owner"}
    assert api.post("/api/v1/auth/password/reset/confirm", own).status_code == 204
    own_sign_in = {"email": ADA["email"], "password": "the password of the owner"}
    assert api.post("/api/v1/auth/login", own_sign_in).status_code == 200


def test_my_own_handle_counts_although_a_stranger_registered_my_address_too(api, letters):
    api.post("/api/v1/auth/register", {**ADA, "password": "the attacker knows this one"})
    mine = api.post("/api/v1/auth/register", ADA).json()["registration"]
    strangers_letter = letters()[0]

    answer = api.post(
        "/api/v1/auth/verify-email", {"token": token_in(strangers_letter), "registration": mine}
    )

    assert answer.json()["user"]["email"] == ADA["email"]
    sign_in = api.post("/api/v1/auth/login", {"email": ADA["email"], "password": PASSWORD})
    assert sign_in.status_code == 200


@pytest.mark.asvs("6.6.2")
def test_the_handle_of_another_address_opens_nothing(api, letters):
    other = api.post("/api/v1/auth/register", {**ADA, "email": "eve@example.com"}).json()
    api.post("/api/v1/auth/register", ADA)
    mine = next(letter for letter in letters() if letter.to == [ADA["email"]])

    answer = api.post(
        "/api/v1/auth/verify-email",
        {"token": token_in(mine), "registration": other["registration"]},
    )

    assert answer.json() == {"status": "verified"}


@pytest.mark.asvs("6.5.1")
def test_a_link_works_once(api, letters):
    api.post("/api/v1/auth/register", ADA)
    body = {"token": token_in(letters()[0]), "password": PASSWORD}
    api.post("/api/v1/auth/verify-email", body)

    again = api.post("/api/v1/auth/verify-email", body)

    assert again.status_code == 401
    assert again.json()["error"] == "INVALID_CODE"


@pytest.mark.asvs("6.4.1")
def test_an_expired_link_is_refused(api, letters):
    api.post("/api/v1/auth/register", ADA)
    token = token_in(letters()[0])
    MailboxProof.objects.update(expires_at=timezone.now())

    answer = api.post("/api/v1/auth/verify-email", {"token": token, "password": PASSWORD})

    assert answer.status_code == 401
    assert not User.objects.exists()


@pytest.mark.asvs("6.6.3")
def test_after_five_guesses_no_code_is_tried_but_the_link_still_works(api, letters):
    api.post("/api/v1/auth/register", ADA)
    letter = letters()[0]
    right = code_in(letter)
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(5):
        api.post("/api/v1/auth/verify-email", {"email": ADA["email"], "code": wrong})

    refused = api.post("/api/v1/auth/verify-email", {"email": ADA["email"], "code": right})

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    by_link = {"token": token_in(letter), "password": PASSWORD}
    assert api.post("/api/v1/auth/verify-email", by_link).status_code == 200


def test_resending_mails_a_new_code_to_whoever_waits_and_nothing_to_strangers(api, letters):
    api.post("/api/v1/auth/register", ADA)
    first = code_in(letters()[0])

    waiting = api.post("/api/v1/auth/verify-email/resend", {"email": "ADA@example.com"})
    stranger = api.post("/api/v1/auth/verify-email/resend", {"email": "eve@example.com"})

    assert waiting.status_code == stranger.status_code == 202
    assert waiting.json() == stranger.json()
    assert [letter.to for letter in letters()] == [["ada@example.com"]] * 2
    body = {"email": ADA["email"], "code": first, "password": PASSWORD}
    assert api.post("/api/v1/auth/verify-email", body).status_code == 200


def test_strangers_cannot_fill_a_mailbox(api, letters):
    for _ in range(8):
        assert api.post("/api/v1/auth/register", ADA).status_code == 202

    assert len(letters()) == 5


@pytest.mark.asvs("6.2.1", "6.2.4", "6.2.11", "6.2.12")
@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "at least 15"),
        ("x" * 129, "at most 128"),
        ("passwordpassword", "attackers"),
        ("q1w2e3r4t5y6u7i8", "attackers"),
        ("123456789QWErty123", "attackers"),
        ("aaaaaaaaaaaaaaaaaaaa", "repeats"),
        ("ada@example.com1", "too close"),
        ("Plinto-Admin-Login-26", "too close"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused_with_the_reason(api, password, why):
    answer = api.post("/api/v1/auth/register", {**ADA, "password": password})

    assert answer.status_code == 422
    assert why in answer.json()["details"]["fields"]["password"][0]


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.com", "a b@example.com", "\u212aate@example.com", "a@b"]
)
def test_what_is_no_address_is_refused_by_name_of_the_field(api, email):
    answer = api.post("/api/v1/auth/register", {**ADA, "email": email})

    assert answer.status_code == 422
    assert list(answer.json()["details"]["fields"]) == ["email"]


def test_a_password_of_somebody_an_administrator_created_is_dropped_unless_they_know_it(
    api, letters
):
    UserFactory(email=ADA["email"], email_verified_at=None)
    api.post("/api/v1/auth/verify-email/resend", {"email": ADA["email"]})

    answer = api.post("/api/v1/auth/verify-email", {"token": token_in(letters()[0])})

    assert answer.json() == {"status": "verified"}
    sign_in = {"email": ADA["email"], "password": PASSWORD}
    assert api.post("/api/v1/auth/login", sign_in).status_code == 401


def test_a_link_in_a_late_letter_lives_as_long_as_one_in_time(api, letters):
    api.post("/api/v1/auth/register", ADA)
    hours_ago = timezone.now() - timedelta(hours=3)
    OutboundMail.objects.update(created_at=hours_ago)
    MailboxProof.objects.update(expires_at=hours_ago + timedelta(hours=1))

    answer = api.post(
        "/api/v1/auth/verify-email", {"token": token_in(letters()[0]), "password": PASSWORD}
    )

    assert answer.status_code == 200


def test_whoever_signed_in_with_a_password_that_is_dropped_does_not_stay(api, letters):
    person = signed_in(api, user=UserFactory(email=ADA["email"], email_verified_at=None))
    api.post("/api/v1/auth/verify-email/resend", {"email": ADA["email"]})
    assert api.get("/api/v1/me", token=person.access).status_code == 200

    api.post("/api/v1/auth/verify-email", {"token": token_in(letters()[0])})

    assert api.get("/api/v1/me", token=person.access).status_code == 401


def test_a_factor_added_with_a_password_that_is_dropped_neither_lets_in_nor_keeps_out(api, letters):
    person, _ = enrolled(api, user=UserFactory(email=ADA["email"], email_verified_at=None))
    api.post("/api/v1/auth/verify-email/resend", {"email": ADA["email"]})
    sent = next(letter for letter in letters() if "Confirm" in letter.subject)

    api.post("/api/v1/auth/verify-email", {"token": token_in(sent)})

    reset = {"token": token_in(letters()[-1]), "password": PASSWORD}
    assert api.post("/api/v1/auth/password/reset/confirm", reset).status_code == 204
    assert signed_in(api, user=person.user).access


def test_of_twenty_who_register_one_address_in_other_cases_one_account_comes(letters):
    local = "ada.lovelace"
    spellings = [
        "".join(c.upper() if number >> i & 1 else c for i, c in enumerate(local))
        for number in range(20)
    ]

    def register(number: int) -> HttpResponse:
        body = {"email": f"{spellings[number]}@Example.com", "password": PASSWORD}
        return Api().post("/api/v1/auth/register", body)

    registered = at_once(register, times=20)
    token = token_in(letters()[0])

    def prove(number: int) -> int:
        handle = registered[number].json()["registration"]
        body = {"token": token, "registration": handle}
        return Api().post("/api/v1/auth/verify-email", body).status_code

    proved = at_once(prove, times=20)

    assert {answer.status_code for answer in registered} == {202}
    assert sorted(proved) == [200] + [401] * 19
    assert User.objects.get().email_key == f"{local}@example.com"
