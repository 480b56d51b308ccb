"""Signing in with a passkey: one answer of an authenticator, for one question, once."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from django.test import override_settings
from django.utils import timezone

from accounts.models import Passkey, PasskeyChallenge, Session, User
from accounts.serializers.passkey_answers import RequestOptionsAnswer
from accounts.services import administration, passkey_challenges
from audit.models import AuditRow
from plinto.kernel.origin import SYSTEM
from tests.accounts.authenticators import (
    BACKED_UP,
    ELIGIBLE,
    LOGIN_WITH_PASSKEY,
    PASSKEYS,
    PRESENT,
    VERIFIED,
    WRONG,
    Authenticator,
    added,
    enter,
    holder,
    options_to_sign_in,
    refused,
)
from tests.accounts.people import signed_in
from tests.api import Api
from tests.factories import AdministratorFactory
from tests.races import at_once


def test_a_passkey_opens_a_session_without_a_further_factor(api):
    ada, key, _ = holder(api)
    answer = enter(api, key.get(options_to_sign_in(api)))
    body = answer.json()
    assert (answer.status_code, body["user"]["id"]) == (200, str(ada.user.pk))
    claims = jwt.decode(body["access"], options={"verify_signature": False})
    assert claims["amr"] == ["hwk", "user", "mfa"]
    assert api.get("/api/v1/me", token=body["access"]).status_code == 200
    assert AuditRow.objects.filter(action="session.started", actor_id=str(ada.user.pk)).count() == 2
    assert Passkey.objects.get().last_used_at is not None


def test_a_passkey_that_is_synced_counts_as_software_and_keeps_no_count(api):
    flags = PRESENT | VERIFIED | ELIGIBLE
    _, key, _ = holder(api, flags=flags, keeps_count=False)
    key.flags = flags | BACKED_UP
    for _ in range(2):
        body = enter(api, key.get(options_to_sign_in(api))).json()
    assert Session.objects.get(pk=body["session"]["id"]).methods == ["swk", "user", "mfa"]
    assert Passkey.objects.get().is_backed_up is True


def test_options_name_nobody_and_want_the_person_verified(api):
    holder(api)
    answer = api.post(f"{LOGIN_WITH_PASSKEY}/options", {})
    body = answer.json()
    assert (body["rpId"], body["allowCredentials"]) == ("localhost", [])
    assert (body["userVerification"], body["timeout"]) == ("required", 300_000)
    assert set(body) == set(RequestOptionsAnswer().fields)
    assert answer.headers["Cache-Control"] == "no-store"
    assert body["challenge"] != options_to_sign_in(api)["challenge"]


def test_a_host_header_does_not_choose_the_site(api):
    headers = {"Host": "127.0.0.1"}
    answer = api.post(f"{LOGIN_WITH_PASSKEY}/options", {}, headers=headers)
    assert answer.json()["rpId"] == "localhost"


@pytest.mark.asvs("6.7.2")
@pytest.mark.parametrize("keeps_count", [True, False])
def test_an_answer_is_taken_once_and_a_replay_is_no_copy(api, keeps_count):
    _, key, _ = holder(api, keeps_count=keeps_count)
    passkey = key.get(options_to_sign_in(api))
    assert enter(api, passkey).status_code == 200
    assert refused(enter(api, passkey)) == WRONG
    assert not AuditRow.objects.filter(action="passkey.cloned").exists()


def test_of_ten_who_show_one_answer_at_once_one_comes_in(api):
    _, key, _ = holder(api, keeps_count=False)
    passkey = key.get(options_to_sign_in(api))
    statuses = at_once(lambda _: enter(Api(), passkey).status_code, times=10)
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 429}
    assert Session.objects.count() == 2


@pytest.mark.asvs("6.3.5")
def test_a_count_that_does_not_grow_is_refused_and_its_person_told(api, letters):
    ada, key, _ = holder(api)
    assert enter(api, key.get(options_to_sign_in(api))).status_code == 200
    key.count -= 1
    assert refused(enter(api, key.get(options_to_sign_in(api)))) == WRONG
    row = AuditRow.objects.get(action="passkey.cloned")
    assert (row.outcome, row.target_id) == ("refused", str(ada.user.pk))
    letter = letters()[-1]
    assert letter.to == [ada.user.email]
    assert "seems to exist twice" in letter.body


def test_a_count_without_a_good_signature_alarms_nobody(api, letters):
    _, key, _ = holder(api)
    key.count = 9
    assert enter(api, key.get(options_to_sign_in(api))).status_code == 200
    stranger = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle)
    assert refused(enter(api, stranger.get(options_to_sign_in(api)))) == WRONG
    assert not AuditRow.objects.filter(action="passkey.cloned").exists()
    assert "exist twice" not in letters()[-1].body


def test_who_was_switched_off_does_not_come_in(api):
    ada, key, _ = holder(api)
    who = {"by": AdministratorFactory(), "origin": SYSTEM, "now": timezone.now()}
    administration.deactivate(ada.user.pk, **who)
    assert refused(enter(api, key.get(options_to_sign_in(api)))) == WRONG
    administration.reactivate(ada.user.pk, **who)
    assert enter(api, key.get(options_to_sign_in(api))).status_code == 200


@pytest.mark.asvs("6.5.6")
def test_a_passkey_that_was_removed_is_refused_at_once(api):
    ada, key, _ = holder(api)
    passkey = key.get(options_to_sign_in(api))
    assert api.delete(f"{PASSKEYS}/{Passkey.objects.get().pk}", token=ada.access).status_code == 204
    assert refused(enter(api, passkey)) == WRONG


def test_a_new_password_keeps_the_passkey(api):
    _, key, _ = holder(api)
    User.objects.update(password="!another")
    assert enter(api, key.get(options_to_sign_in(api))).status_code == 200


@pytest.mark.parametrize("is_known", [True, False])
def test_the_sixth_wrong_answer_is_one_too_many_known_or_not(api, is_known):
    _, key, _ = holder(api)
    stranger = Authenticator(user_handle=key.user_handle)
    stranger.credential_id = key.credential_id if is_known else stranger.credential_id
    for _ in range(5):
        assert refused(enter(api, stranger.get(options_to_sign_in(api)))) == WRONG
    answer = enter(api, stranger.get(options_to_sign_in(api)))
    assert (answer.status_code, answer.json()["error"]) == (429, "TOO_MANY_ATTEMPTS")
    assert enter(api, key.get(options_to_sign_in(api))).status_code == (429 if is_known else 200)


def test_the_longest_id_that_there_may_be_is_refused_like_any_other(api):
    for size, status in ((1023, 401), (1024, 422)):
        stranger = Authenticator(credential_id=b"x" * size)
        assert enter(api, stranger.get(options_to_sign_in(api))).status_code == status


def test_a_page_of_another_origin_that_was_named_may_ask(api):
    _, key, _ = holder(api)
    key.origin = "https://app.localhost"
    assert enter(api, key.get(options_to_sign_in(api))).status_code == 401
    with override_settings(PASSKEY_ORIGINS=["http://localhost:8000", "https://app.localhost"]):
        assert enter(api, key.get(options_to_sign_in(api))).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"id": ["x"]},
        {"id": 5},
        {"id": "with=padding="},
        {"rawId": None},
        {"rawId": "A"},
        {"type": "password"},
        {"response": []},
        {"response": {}},
    ],
)
def test_an_answer_of_another_shape_is_refused_by_field(api, change):
    passkey = {**Authenticator().get(options_to_sign_in(api)), **change}
    answer = enter(api, passkey)
    assert answer.status_code == 422
    assert {name.split(".")[0] for name in answer.json()["details"]["fields"]} == {"passkey"}


@pytest.mark.parametrize("body", [{}, [], {"passkey": None}, {"passkey": "x"}, {"email": "a@b.c"}])
def test_a_body_of_another_shape_is_refused(api, body):
    assert api.post(LOGIN_WITH_PASSKEY, body).status_code == 422


@pytest.mark.parametrize("token", ["plm_nobody", ""])
def test_a_token_of_nobody_gets_no_options(api, token):
    answer = api.post(f"{LOGIN_WITH_PASSKEY}/options", {"mfa_token": token})
    assert answer.status_code == (401 if token else 422)


def test_challenges_live_for_five_minutes_and_are_cleared_away(api):
    options = options_to_sign_in(api)
    row = PasskeyChallenge.objects.get()
    assert row.expires_at - row.created_at == timedelta(minutes=5)
    assert options["challenge"].encode() not in bytes(row.challenge_digest)
    assert passkey_challenges.trim(now=timezone.now()) == 0
    assert passkey_challenges.trim(now=timezone.now() + timedelta(minutes=6)) == 1


def test_somebody_elses_passkey_opens_nothing_of_mine(api):
    ada, _, _ = holder(api)
    bob = signed_in(api)
    key = Authenticator()
    assert added(api, bob, key).status_code == 201
    key.user_handle = ada.user.pk.bytes
    assert refused(enter(api, key.get(options_to_sign_in(api)))) == WRONG
