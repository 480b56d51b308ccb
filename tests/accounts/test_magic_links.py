"""Signing in by a mailed link: once, by whoever reads the mailbox, and never past a factor."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from django.utils import timezone

from accounts.models import MagicLink, OutboundMail, Session, User
from accounts.services import magic_links
from audit.models import AuditRow
from tests.accounts.people import signed_in, token_in
from tests.accounts.phones import enrolled, show
from tests.api import Api
from tests.factories import PASSWORD, UserFactory
from tests.races import at_once

ASK = "/api/v1/auth/magic-link"
ENTER = "/api/v1/auth/magic-link/verify"
NEW_PASSWORD = "an entirely new password"


def link(api, letters, email):
    assert api.post(ASK, {"email": email}).status_code == 202
    return token_in(letters()[-1])


def enter(token):
    return Api().post(ENTER, {"token": token})


def test_the_link_opens_a_session_and_says_how(api, letters):
    ada = UserFactory(email="Ada@example.com")
    answer = enter(link(api, letters, "ADA@example.com"))
    body = answer.json()
    assert (answer.status_code, body["user"]["id"]) == (200, str(ada.pk))
    assert jwt.decode(body["access"], options={"verify_signature": False})["amr"] == ["otp"]
    assert api.get("/api/v1/me", token=body["access"]).status_code == 200
    assert [letter.to for letter in letters()] == [["Ada@example.com"]]
    assert AuditRow.objects.get(action="session.started").actor_id == str(ada.pk)


def test_an_unknown_address_gets_the_same_answer_and_the_same_rows(api, letters):
    off = UserFactory(is_active=False)
    known, unknown, shut = (
        api.post(ASK, {"email": email})
        for email in (UserFactory().email, "eve@example.com", off.email)
    )
    assert known.status_code == unknown.status_code == shut.status_code == 202
    assert known.json() == unknown.json() == shut.json()
    assert OutboundMail.objects.count() == MagicLink.objects.count() == 3
    assert len(letters()) == 1


@pytest.mark.asvs("6.3.8")
def test_known_and_unknown_addresses_cost_the_same_statements(api, django_assert_max_num_queries):
    api.post(ASK, {"email": "warm@example.com"})
    counts = []
    for email in (UserFactory().email, "eve@example.com"):
        with django_assert_max_num_queries(50) as statements:
            api.post(ASK, {"email": email})
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_a_mailbox_gets_five_letters_an_hour_and_the_answer_stays(api, letters):
    ada = UserFactory()
    statuses = [api.post(ASK, {"email": ada.email}).status_code for _ in range(7)]
    assert statuses == [202] * 7
    assert len(letters()) == 5


@pytest.mark.asvs("6.5.1")
def test_a_link_works_once(api, letters):
    token = link(api, letters, UserFactory().email)
    assert [enter(token).status_code for _ in range(2)] == [200, 401]


def test_of_twenty_who_show_one_link_at_once_one_comes_in(api, letters):
    token = link(api, letters, UserFactory().email)
    statuses = at_once(lambda _: enter(token).status_code, times=20)
    assert sorted(statuses) == [200, *[401] * 19]
    assert Session.objects.count() == 1


def overtaken_by_a_password(user):
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    me = signed_in(Api(), user=user)
    assert Api().post("/api/v1/me/password", body, token=me.access).status_code == 204


def overtaken_by_an_address(user):
    user.email = "elsewhere@example.com"
    user.save()


def switched_off(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def expired(user):
    MagicLink.objects.update(expires_at=timezone.now())


@pytest.mark.asvs("6.6.2")
@pytest.mark.parametrize(
    "overtake", [overtaken_by_a_password, overtaken_by_an_address, switched_off, expired]
)
def test_a_link_dies_with_what_it_was_issued_for(api, letters, overtake):
    ada = UserFactory()
    token = link(api, letters, ada.email)
    overtake(ada)
    answer, stray = enter(token), enter("pll_of-nobody")
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CODE")
    assert answer.json()["message"] == stray.json()["message"]
    assert AuditRow.objects.filter(action="session.refused", target_kind="magic_link").count() == 2


@pytest.mark.asvs("6.6.2")
def test_when_one_link_has_signed_in_the_others_of_this_person_open_nothing(api, letters):
    ada, eve = UserFactory(), UserFactory()
    earlier, used, later = (link(api, letters, ada.email) for _ in range(3))
    hers = link(api, letters, eve.email)
    assert enter(used).status_code == 200
    assert [enter(token).status_code for token in (earlier, later, hers)] == [401, 401, 200]


@pytest.mark.asvs("6.5.5")
def test_a_link_lives_for_ten_minutes(api, letters):
    token = link(api, letters, UserFactory().email)
    lives_for = MagicLink.objects.get().expires_at - MagicLink.objects.get().created_at
    assert lives_for == timedelta(minutes=10)
    past = timezone.now() - timedelta(minutes=10, seconds=1)
    MagicLink.objects.update(created_at=past, expires_at=past + lives_for)
    assert enter(token).status_code == 401


@pytest.mark.asvs("6.6.2")
def test_links_of_other_kinds_do_not_sign_in(api, letters):
    ada = UserFactory()
    api.post("/api/v1/auth/password/reset", {"email": ada.email})
    reset = token_in(letters()[-1])
    magic = link(api, letters, ada.email)
    body = {"token": magic, "password": NEW_PASSWORD}
    assert api.post("/api/v1/auth/password/reset/confirm", body).status_code == 401
    assert enter(reset).status_code == 401
    assert enter(magic).status_code == 200


@pytest.mark.asvs("6.3.4")
def test_who_has_a_second_factor_is_asked_for_it(api, letters):
    ada, phone = enrolled(api)
    token = link(api, letters, ada.user.email)
    asked = enter(token).json()
    assert asked.keys() == {"mfa_required", "mfa_token", "methods"}
    assert enter(token).status_code == 401
    answer = show(api, asked["mfa_token"], code=phone.code())
    assert answer.status_code == 200
    assert Session.objects.order_by("-pk")[0].methods == ["otp", "mfa"]


def test_a_first_proof_drops_the_password_that_somebody_chose_before_it(api, letters):
    ada = UserFactory(email_verified_at=None)
    thief = signed_in(api, user=ada)
    answer = enter(link(api, letters, ada.email))
    assert (answer.status_code, answer.json()["user"]["email_verified"]) == (200, True)
    assert api.get("/api/v1/me", token=thief.access).status_code == 401
    login = api.post("/api/v1/auth/login", {"email": ada.email, "password": PASSWORD})
    assert login.status_code == 401
    assert "/set-password#token=" in letters()[-1].body
    assert AuditRow.objects.filter(action="password.dropped", target_id=str(ada.pk)).exists()


def test_a_late_letter_gives_its_link_the_whole_ten_minutes(api, letters):
    UserFactory(email="ada@example.com")
    api.post(ASK, {"email": "ada@example.com"})
    past = timezone.now() - timedelta(minutes=20)
    OutboundMail.objects.update(created_at=past)
    MagicLink.objects.update(created_at=past, expires_at=past + magic_links.LIVES_FOR)
    token = token_in(letters()[-1])
    assert enter(token).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (ASK, {"email": ["ada@example.com"]}, "email"),
        (ASK, {"email": "ada@example.com", "next": "/"}, "next"),
        (ASK, {"email": "nobody"}, "email"),
        (ENTER, {"token": ["pll_x"]}, "token"),
        (ENTER, {"token": "pll_x", "email": "a@example.com"}, "email"),
        (ENTER, {}, "token"),
    ],
)
def test_a_body_that_is_not_as_described_is_refused(api, path, body, field):
    answer = api.post(path, body)
    assert answer.status_code == 422
    assert field in answer.json()["details"]["fields"]


def test_secrets_are_kept_as_digests_and_trimmed(api, letters):
    token = link(api, letters, UserFactory().email)
    assert token.encode() not in bytes(MagicLink.objects.get().token_digest)
    assert magic_links.trim(now=timezone.now()) == 0
    assert magic_links.trim(now=timezone.now() + timedelta(days=2)) == 1
