"""Signing in with a second factor: asked for at every way in, and taken once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from accounts.models import AuthenticatorApp, PendingSignIn, RecoveryCode, Session, User
from accounts.services import administration, pending_sign_ins
from audit.models import AuditRow
from plinto.kernel.origin import SYSTEM
from tests.accounts.people import code_in, signed_in, token_in
from tests.accounts.phones import (
    LOGIN,
    SECOND_STEP,
    asked,
    begun,
    enrolled,
    let_half_a_minute_pass,
    show,
)
from tests.api import Api
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.races import at_once

NEW_PASSWORD = "a horse stapled to a battery"


@pytest.mark.asvs("6.3.3")
def test_who_has_a_second_factor_gets_a_question_instead_of_tokens(api):
    ada, _ = enrolled(api)
    answer = api.post(LOGIN, {"email": ada.user.email, "password": PASSWORD})
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"mfa_required", "mfa_token", "methods"}
    assert (body["mfa_required"], body["methods"]) == (True, ["totp", "recovery_code"])
    assert Session.objects.count() == 1


def test_the_code_opens_the_session_that_the_password_began(api):
    ada, phone = enrolled(api)
    answer = show(api, asked(api, ada.user.email), code=phone.code())
    body = answer.json()
    assert (answer.status_code, body["user"]["id"]) == (200, str(ada.user.pk))
    claims = jwt.decode(body["access"], options={"verify_signature": False})
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert api.get("/api/v1/me", token=body["access"]).status_code == 200


@pytest.mark.asvs("6.3.5", "6.4.4")
def test_a_recovery_code_opens_it_too_and_its_person_is_told(api, letters):
    ada, phone = enrolled(api)
    spelt = phone.recovery_codes[3].upper().replace("-", " \u2013 ")
    answer = show(api, asked(api, ada.user.email), recovery_code=spelt)
    assert answer.status_code == 200
    assert Session.objects.get(pk=answer.json()["session"]["id"]).methods == ["pwd", "mfa"]
    assert "Codes left: 9." in letters()[-1].body
    row = AuditRow.objects.get(action="recovery_code.used")
    assert (row.target_id, row.reason) == (str(ada.user.pk), "codes left: 9")


@pytest.mark.asvs("6.5.1")
def test_a_code_is_taken_once(api):
    ada, phone = enrolled(api)
    first, second = asked(api, ada.user.email), asked(api, ada.user.email)
    code = phone.code()
    assert show(api, first, code=code).status_code == 200
    answer = show(api, second, code=code)
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CODE")


def test_the_code_that_confirmed_an_app_does_not_sign_in(api):
    ada, phone = enrolled(api)
    app = AuthenticatorApp.objects.get()
    AuthenticatorApp.objects.update(last_step=int(app.confirmed_at.timestamp()) // 30)
    steps = int(time.time()) // 30 - int(app.confirmed_at.timestamp()) // 30
    token = asked(api, ada.user.email)
    assert show(api, token, code=phone.code(steps_ago=steps)).status_code == 401


def test_a_clock_that_was_set_back_brings_no_code_back(api):
    ada, phone = enrolled(api)
    AuthenticatorApp.objects.update(last_step=int(time.time()) // 30 + 120)
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 401


@pytest.mark.asvs("6.5.1")
def test_of_twenty_who_show_one_code_at_once_one_comes_in(api):
    ada, phone = enrolled(api)
    tokens = [asked(api, ada.user.email) for _ in range(20)]
    code = phone.code()
    statuses = at_once(lambda n: show(Api(), tokens[n], code=code).status_code, times=20)
    assert statuses.count(200) == 1
    assert Session.objects.count() == 2


def test_of_twenty_who_show_one_recovery_code_at_once_one_comes_in(api):
    ada, phone = enrolled(api)
    tokens = [asked(api, ada.user.email) for _ in range(20)]
    code = phone.recovery_codes[0]
    statuses = at_once(lambda n: show(Api(), tokens[n], recovery_code=code).status_code, times=20)
    assert statuses.count(200) == 1
    assert RecoveryCode.objects.filter(used_at=None).count() == 9


@pytest.mark.asvs("6.5.1")
def test_a_recovery_code_is_taken_once_and_is_nobody_elses(api):
    ada, phone = enrolled(api)
    bob, _ = enrolled(api)
    code = phone.recovery_codes[0]
    assert show(api, asked(api, bob.user.email), recovery_code=code).status_code == 401
    assert show(api, asked(api, ada.user.email), recovery_code=code).status_code == 200
    assert show(api, asked(api, ada.user.email), recovery_code=code).status_code == 401


def test_the_token_is_good_for_one_session(api):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    assert show(api, token, code=phone.code()).status_code == 200
    let_half_a_minute_pass()
    assert show(api, token, code=phone.code()).status_code == 401


def test_a_wrong_code_and_a_wrong_token_get_the_same_answer(api):
    ada, phone = enrolled(api)
    answers = [
        show(api, asked(api, ada.user.email), code=phone.wrong()),
        show(api, "plm_nobody", code=phone.code()),
        show(api, ada.refresh, code=phone.code()),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["message"] for answer in answers}) == 1


@pytest.mark.asvs("6.5.5")
def test_the_token_lives_for_five_minutes(api):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    lives_for = PendingSignIn.objects.get().expires_at - PendingSignIn.objects.get().created_at
    PendingSignIn.objects.update(expires_at=timezone.now())
    assert lives_for == timedelta(minutes=5)
    assert show(api, token, code=phone.code()).status_code == 401


@pytest.mark.parametrize("is_off_for_good", [True, False])
def test_who_was_switched_off_does_not_come_in_by_a_token_of_before(api, is_off_for_good):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    who = {"by": AdministratorFactory(), "origin": SYSTEM, "now": timezone.now()}
    administration.deactivate(ada.user.pk, **who)
    if not is_off_for_good:
        administration.reactivate(ada.user.pk, **who)
    assert show(api, token, code=phone.code()).status_code == 401


def test_a_password_that_changed_takes_its_waiting_sign_ins_along(api):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    User.objects.filter(pk=ada.user.pk).update(password="!another")
    assert show(api, token, code=phone.code()).status_code == 401
    assert AuditRow.objects.filter(reason="overtaken sign-in").count() == 1


def test_signing_out_everywhere_ends_what_was_about_to_begin(api):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    assert api.post("/api/v1/auth/logout/all", token=ada.access).status_code == 204
    assert show(api, token, code=phone.code()).status_code == 401


def test_an_old_hash_is_replaced_although_the_second_step_has_no_password(api):
    ada, phone = enrolled(api)
    old = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 4)
    User.objects.filter(pk=ada.user.pk).update(password=old)
    token = asked(api, ada.user.email)
    assert User.objects.get().password.startswith("argon2$")
    assert show(api, token, code=phone.code()).status_code == 200


@pytest.mark.asvs("6.3.4")
def test_a_mailbox_that_is_proved_with_the_password_asks_for_the_factor(api, letters):
    ada, phone = enrolled(api)
    User.objects.filter(pk=ada.user.pk).update(email_verified_at=None)
    api.post("/api/v1/auth/verify-email/resend", {"email": ada.user.email})
    body = {"email": ada.user.email, "code": code_in(letters()[-1]), "password": PASSWORD}
    answer = api.post("/api/v1/auth/verify-email", body).json()
    assert answer["mfa_required"] is True
    assert show(api, answer["mfa_token"], code=phone.code()).status_code == 200


def test_a_factor_that_is_confirmed_while_somebody_signs_in_is_asked_for(api):
    ada = signed_in(api)
    begun(api, ada)

    def sign_in(_: int):
        return Api().post(LOGIN, {"email": ada.user.email, "password": PASSWORD}).json()

    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get()
            AuthenticatorApp.objects.update(confirmed_at=timezone.now())
            answer = elsewhere.submit(at_once, sign_in, times=1)
            time.sleep(0.7)
            assert not answer.done()
        assert answer.result()[0]["mfa_required"] is True


@pytest.mark.asvs("6.4.3")
def test_a_reset_by_mail_keeps_the_second_factor_and_its_count(api, letters):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    for _ in range(5):
        show(api, token, code=phone.wrong())
    api.post("/api/v1/auth/password/reset", {"email": ada.user.email})
    reset = {"token": token_in(letters()[-1]), "password": NEW_PASSWORD}
    assert api.post("/api/v1/auth/password/reset/confirm", reset).status_code == 204
    body = {"email": ada.user.email, "password": NEW_PASSWORD}
    token = api.post(LOGIN, body).json()["mfa_token"]
    assert show(api, token, code=phone.code()).status_code == 429


@pytest.mark.parametrize(
    "body",
    [
        {"code": "123456"},
        {"mfa_token": "plm_x"},
        {"mfa_token": "plm_x", "code": "123456", "recovery_code": "abcdef-ghjkmn-pqrstu-vwxyz2"},
        {"mfa_token": "plm_x", "code": ["123456"]},
        {"mfa_token": "plm_x", "code": 123456},
        {"mfa_token": "plm_x", "code": "12345"},
        {"mfa_token": "plm_x", "code": ""},
        {"mfa_token": "plm_x", "recovery_code": "short"},
        {"mfa_token": "plm_x", "passkey": {}},
        [],
    ],
)
def test_a_body_of_another_shape_is_refused_by_field(api, body):
    answer = api.post(SECOND_STEP, body)
    assert answer.status_code == 422
    assert answer.json()["details"]["fields"]


def test_a_secret_that_no_key_opens_is_a_503_and_not_a_way_in(api):
    ada, phone = enrolled(api)
    waiting = [asked(api, ada.user.email) for _ in range(7)]
    with override_settings(FIELD_KEYS=["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q="]):
        statuses = [show(api, one, code=phone.code()).status_code for one in waiting]
    assert statuses == [503] * 7
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200


def test_what_is_refused_is_in_the_trail_without_the_code(api):
    ada, phone = enrolled(api)
    wrong = phone.wrong()
    show(api, asked(api, ada.user.email), code=wrong)
    row = AuditRow.objects.get(action="session.refused")
    assert (row.reason, row.target_id) == ("wrong code", str(ada.user.pk))
    assert wrong not in str(vars(row))
    assert AuditRow.objects.filter(action="session.factor_asked").count() == 1


def test_a_sign_in_that_only_asks_is_no_sign_in_yet(api):
    ada, _ = enrolled(api)
    before = User.objects.get().last_login
    asked(api, ada.user.email)
    assert User.objects.get().last_login == before


def test_without_a_second_factor_nothing_is_asked(api):
    assert signed_in(api, user=UserFactory()).access
    assert not PendingSignIn.objects.exists()


def test_what_has_expired_is_cleared_away(api):
    ada, _ = enrolled(api)
    asked(api, ada.user.email)
    assert pending_sign_ins.trim(now=timezone.now()) == 0
    assert pending_sign_ins.trim(now=timezone.now() + timedelta(minutes=6)) == 1
