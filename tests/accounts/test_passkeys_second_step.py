"""Passkeys as the second step: whoever has one is asked for it at every way in."""

from __future__ import annotations

import jwt

from accounts.models import User
from tests.accounts.authenticators import (
    LOGIN_WITH_PASSKEY,
    Authenticator,
    added,
    holder,
    options_to_prove,
    options_to_sign_in,
    read,
)
from tests.accounts.people import code_in
from tests.accounts.phones import LOGIN, asked, enrolled, show
from tests.factories import PASSWORD

REAUTHENTICATE = "/api/v1/auth/reauthenticate"


def test_who_has_but_a_passkey_is_asked_for_it(api):
    ada, key, _ = holder(api)
    body = api.post(LOGIN, {"email": ada.user.email, "password": PASSWORD}).json()
    assert body["methods"] == ["passkey", "recovery_code"]
    options = options_to_sign_in(api, mfa_token=body["mfa_token"])
    assert [read(each["id"]) for each in options["allowCredentials"]] == [key.credential_id]
    answer = show(api, body["mfa_token"], passkey=key.get(options, userHandle=None))
    assert answer.status_code == 200
    claims = jwt.decode(answer.json()["access"], options={"verify_signature": False})
    assert claims["amr"] == ["pwd", "hwk", "user", "mfa"]


def test_a_recovery_code_stands_in_for_a_lost_passkey(api):
    ada, _, codes = holder(api)
    assert show(api, asked(api, ada.user.email), recovery_code=codes[0]).status_code == 200
    assert show(api, asked(api, ada.user.email), recovery_code=codes[0]).status_code == 401


def test_app_and_passkey_are_each_enough(api):
    ada, phone = enrolled(api)
    key = Authenticator()
    assert added(api, ada, key).status_code == 201
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200
    token = asked(api, ada.user.email)
    passkey = key.get(options_to_sign_in(api, mfa_token=token))
    assert show(api, token, passkey=passkey).status_code == 200


def test_an_answer_is_for_the_sign_in_that_asked_and_taken_once(api):
    ada, key, _ = holder(api)
    first, second = asked(api, ada.user.email), asked(api, ada.user.email)
    passkey = key.get(options_to_sign_in(api, mfa_token=first))
    other = show(api, second, passkey=passkey)
    nobody = show(api, "plm_nobody", passkey=passkey)
    assert show(api, first, passkey=passkey).status_code == 200
    again = show(api, second, passkey=passkey)
    answers = (other, nobody, again)
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["message"] for answer in answers}) == 1


def test_a_challenge_of_another_purpose_is_no_second_step(api):
    ada, key, _ = holder(api)
    for options in (options_to_sign_in(api), options_to_prove(api, ada)):
        answer = show(api, asked(api, ada.user.email), passkey=key.get(options))
        assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CODE")


def test_the_passkey_of_another_is_no_second_step(api):
    ada, _, _ = holder(api)
    _, bobs, _ = holder(api)
    token = asked(api, ada.user.email)
    options = options_to_sign_in(api, mfa_token=token)
    assert show(api, token, passkey=bobs.get(options)).status_code == 401


def test_who_has_no_passkey_gets_no_options(api):
    ada, _ = enrolled(api)
    body = {"mfa_token": asked(api, ada.user.email)}
    answer = api.post(f"{LOGIN_WITH_PASSKEY}/options", body)
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CODE")


def test_all_factors_share_one_count(api):
    ada, phone = enrolled(api)
    key = Authenticator()
    added(api, ada, key)
    wrong = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle)
    for _ in range(2):
        assert show(api, asked(api, ada.user.email), code=phone.wrong()).status_code == 401
    token = asked(api, ada.user.email)
    step = wrong.get(options_to_sign_in(api, mfa_token=token))
    assert show(api, token, passkey=step).status_code == 401
    alone = {"passkey": wrong.get(options_to_sign_in(api))}
    assert api.post(LOGIN_WITH_PASSKEY, alone).status_code == 401
    proof = {"passkey": wrong.get(options_to_prove(api, ada))}
    assert api.post(REAUTHENTICATE, proof, token=ada.access).status_code == 401
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 429
    alone = {"passkey": key.get(options_to_sign_in(api))}
    assert api.post(LOGIN_WITH_PASSKEY, alone).status_code == 429


def test_a_copied_passkey_is_noticed_in_the_second_step_too(api, letters):
    ada, key, _ = holder(api)
    token = asked(api, ada.user.email)
    assert (
        show(api, token, passkey=key.get(options_to_sign_in(api, mfa_token=token))).status_code
        == 200
    )
    key.count -= 1
    token = asked(api, ada.user.email)
    passkey = key.get(options_to_sign_in(api, mfa_token=token))
    assert show(api, token, passkey=passkey).status_code == 401
    assert "seems to exist twice" in letters()[-1].body


def test_a_mailbox_that_is_proved_with_the_password_asks_for_the_passkey(api, letters):
    ada, _, _ = holder(api)
    User.objects.filter(pk=ada.user.pk).update(email_verified_at=None)
    api.post("/api/v1/auth/verify-email/resend", {"email": ada.user.email})
    body = {"email": ada.user.email, "code": code_in(letters()[-1]), "password": PASSWORD}
    assert api.post("/api/v1/auth/verify-email", body).json()["mfa_required"] is True
