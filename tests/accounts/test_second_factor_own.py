"""A person's own second factor: added, shown, proved again and removed."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from django.utils import timezone
from pyotp import TOTP

from accounts.models import AuthenticatorApp, RecoveryCode
from accounts.services import second_factors
from audit.models import AuditRow
from tests.accounts.old_proofs import let_proofs_grow_old
from tests.accounts.people import signed_in
from tests.accounts.phones import LOGIN, MFA, asked, begun, enrolled, let_half_a_minute_pass, show
from tests.factories import PASSWORD

REAUTHENTICATE = "/api/v1/auth/reauthenticate"
NOTHING = {"methods": [], "totp": None, "passkeys": [], "recovery_codes_left": 0}
CHANGES = [
    ("POST", f"{MFA}/totp", {}),
    ("POST", f"{MFA}/totp/confirm", {"code": "123456"}),
    ("DELETE", f"{MFA}/totp", None),
    ("POST", f"{MFA}/recovery-codes", {}),
]


def test_a_new_secret_comes_as_text_as_address_and_as_picture(api):
    ada = signed_in(api)
    answer = api.post(f"{MFA}/totp", {}, token=ada.access)
    body = answer.json()
    address = urlsplit(body["otpauth_uri"])
    assert re.fullmatch("[A-Z2-7]{32}", body["secret"])
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query)["secret"] == [body["secret"]]
    assert ElementTree.fromstring(body["qr_svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("6.3.7")
def test_an_app_counts_when_its_first_code_was_right(api, letters):
    ada = signed_in(api)
    phone = begun(api, ada)
    assert api.get(MFA, token=ada.access).json()["totp"]["confirmed"] is False
    assert signed_in(api, user=ada.user).access
    wrong = api.post(f"{MFA}/totp/confirm", {"code": phone.wrong()}, token=ada.access)
    right = api.post(f"{MFA}/totp/confirm", {"code": phone.code()}, token=ada.access)
    assert (wrong.status_code, right.status_code) == (401, 200)
    codes = right.json()["recovery_codes"]
    assert len(set(codes)) == 10
    shown = api.get(MFA, token=ada.access).json()
    assert (shown["methods"], shown["recovery_codes_left"]) == (["totp", "recovery_code"], 10)
    assert shown["totp"]["confirmed"] is True
    assert "An authenticator app was added" in letters()[-1].body
    assert AuditRow.objects.filter(action="factor.added", outcome="success").count() == 1


def test_nothing_that_was_shown_once_is_shown_again_or_kept_in_clear(api):
    ada, phone = enrolled(api)
    shown = api.get(MFA, token=ada.access).content.decode()
    row = AuthenticatorApp.objects.get()
    kept = [bytes(code.code_digest) for code in RecoveryCode.objects.all()]
    assert phone.secret not in shown
    assert phone.secret.encode() not in bytes(row.sealed_secret)
    plain = [code.replace("-", "").encode() for code in phone.recovery_codes]
    assert not any(code in digest for code in plain for digest in kept)
    trail = str([vars(each) for each in AuditRow.objects.all()])
    assert phone.secret not in trail
    assert not any(code in trail for code in phone.recovery_codes)


def test_a_secret_that_was_not_confirmed_is_replaced_by_the_next(api):
    ada = signed_in(api)
    first, second = begun(api, ada), begun(api, ada)
    old = api.post(f"{MFA}/totp/confirm", {"code": first.code()}, token=ada.access)
    new = api.post(f"{MFA}/totp/confirm", {"code": second.code()}, token=ada.access)
    assert (old.status_code, new.status_code) == (401, 200)


def test_a_confirmed_app_is_not_replaced(api):
    ada, phone = enrolled(api)
    answer = api.post(f"{MFA}/totp", {}, token=ada.access)
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")
    again = api.post(f"{MFA}/totp/confirm", {"code": phone.code()}, token=ada.access)
    assert again.status_code == 409
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200


@pytest.mark.asvs("6.5.6")
def test_removing_the_app_takes_the_recovery_codes_along(api, letters):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    assert api.delete(f"{MFA}/totp", token=ada.access).status_code == 204
    assert api.get(MFA, token=ada.access).json() == NOTHING
    assert show(api, token, recovery_code=phone.recovery_codes[0]).status_code == 401
    assert "access" in api.post(LOGIN, {"email": ada.user.email, "password": PASSWORD}).json()
    assert "was removed" in letters()[-1].body
    assert api.delete(f"{MFA}/totp", token=ada.access).status_code == 404


@pytest.mark.asvs("6.5.6")
def test_new_recovery_codes_void_the_old_ones(api, letters):
    ada, phone = enrolled(api)
    answer = api.post(f"{MFA}/recovery-codes", {}, token=ada.access)
    new = answer.json()["recovery_codes"]
    assert (len(new), set(new) & set(phone.recovery_codes)) == (10, set())
    token = asked(api, ada.user.email)
    assert show(api, token, recovery_code=phone.recovery_codes[0]).status_code == 401
    assert show(api, token, recovery_code=new[0]).status_code == 200
    assert "Ten new recovery codes" in letters()[-2].body


def test_recovery_codes_need_an_app_that_they_stand_in_for(api):
    ada = signed_in(api)
    begun(api, ada)
    assert api.post(f"{MFA}/recovery-codes", {}, token=ada.access).status_code == 409


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_changing_a_factor_asks_for_a_fresh_proof(api, method, path, body):
    ada, _ = enrolled(api)
    let_proofs_grow_old(ada.session_id)
    answer = api.send(method, path, body, token=ada.access)
    assert (answer.status_code, answer.json()["error"]) == (403, "REAUTHENTICATION_REQUIRED")
    assert api.get(MFA, token=ada.access).status_code == 200
    proof = {"password": PASSWORD}
    assert api.post(REAUTHENTICATE, proof, token=ada.access).status_code == 204
    assert api.send(method, path, body, token=ada.access).status_code != 403


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_nobody_changes_a_factor_without_a_session(api, method, path, body):
    assert api.send(method, path, body).status_code == 401


def test_a_code_is_a_fresh_proof_once(api):
    ada, phone = enrolled(api)
    let_proofs_grow_old(ada.session_id)
    body = {"code": phone.code()}
    assert api.post(REAUTHENTICATE, body, token=ada.access).status_code == 204
    assert api.post(f"{MFA}/recovery-codes", {}, token=ada.access).status_code == 200
    assert api.post(REAUTHENTICATE, body, token=ada.access).status_code == 401


@pytest.mark.parametrize("body", [{}, {"password": PASSWORD, "code": "123456"}, {"code": [1]}])
def test_a_fresh_proof_is_one_thing(api, body):
    assert api.post(REAUTHENTICATE, body, token=signed_in(api).access).status_code == 422


def test_who_has_no_app_cannot_prove_by_code(api):
    ada = signed_in(api)
    assert api.post(REAUTHENTICATE, {"code": "123456"}, token=ada.access).status_code == 401
    nobody = TOTP("A" * 32).now()
    assert api.post(REAUTHENTICATE, {"code": nobody}, token=ada.access).status_code == 401


def test_other_sessions_go_on_when_a_factor_is_added(api):
    ada = signed_in(api)
    other = signed_in(api, user=ada.user)
    phone = begun(api, ada)
    confirm = {"code": phone.code()}
    assert api.post(f"{MFA}/totp/confirm", confirm, token=ada.access).status_code == 200
    assert api.get("/api/v1/me", token=other.access).status_code == 200
    refreshed = api.post("/api/v1/auth/token/refresh", {"refresh": other.refresh})
    assert refreshed.status_code == 200


def test_a_factor_shows_when_it_was_used_last(api):
    ada, phone = enrolled(api)
    let_half_a_minute_pass()
    before = api.get(MFA, token=ada.access).json()["totp"]["last_used_at"]
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200
    assert api.get(MFA, token=ada.access).json()["totp"]["last_used_at"] > before


def test_secrets_that_nobody_confirmed_are_cleared_away(api):
    begun(api, signed_in(api))
    enrolled(api)
    assert second_factors.trim(now=timezone.now() + timedelta(days=2)) == 1
    assert AuthenticatorApp.objects.exclude(confirmed_at=None).count() == 1
