"""A person's own passkeys: added, listed, named, proved with and removed."""

from __future__ import annotations

import pytest

from accounts.models import Passkey, RecoveryCode, Session
from accounts.serializers.passkey_answers import CreationOptionsAnswer
from accounts.services import passkeys
from audit.models import AuditRow
from tests.accounts.authenticators import (
    AAGUID,
    PASSKEYS,
    Authenticator,
    added,
    enter,
    holder,
    options_to_add,
    options_to_prove,
    options_to_sign_in,
    read,
    spelt,
)
from tests.accounts.old_proofs import let_proofs_grow_old
from tests.accounts.people import signed_in
from tests.accounts.phones import LOGIN, MFA, enrolled
from tests.accounts.staff import PEOPLE, browser_of
from tests.api import Api
from tests.audit.rows import told
from tests.factories import PASSWORD
from tests.races import at_once

REAUTHENTICATE = "/api/v1/auth/reauthenticate"


def test_options_ask_for_a_key_that_finds_its_person(api):
    ada, key, _ = holder(api)
    body = options_to_add(api, ada)
    assert (body["rp"], body["attestation"]) == ({"id": "localhost", "name": "localhost"}, "none")
    assert (read(body["user"]["id"]), body["user"]["name"]) == (ada.user.pk.bytes, ada.user.email)
    assert [each["alg"] for each in body["pubKeyCredParams"]] == [-8, -7, -257]
    wanted = {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    assert body["authenticatorSelection"] == wanted
    assert set(body) == set(CreationOptionsAnswer().fields)
    [excluded] = body["excludeCredentials"]
    assert (read(excluded["id"]), excluded["transports"]) == (key.credential_id, ["usb"])


@pytest.mark.asvs("6.3.7")
def test_the_first_factor_comes_with_recovery_codes_and_its_person_is_told(api, letters):
    ada, key, codes = holder(api)
    assert len(set(codes)) == 10
    row = Passkey.objects.get()
    assert (bytes(row.credential_id), row.aaguid.bytes) == (key.credential_id, AAGUID)
    assert (row.name, row.transports, row.is_backup_eligible) == ("My key", ["usb"], False)
    assert "A passkey was added" in letters()[-1].body
    acts = AuditRow.objects.filter(action="passkey.added", outcome="success")
    assert [(act.actor_id, act.reason) for act in acts] == [(str(ada.user.pk), f"passkey {row.pk}")]
    assert {"hwk", "mfa"} < set(Session.objects.get(pk=ada.session_id).methods)


def test_a_further_factor_leaves_the_codes_as_they_are(api):
    ada, _ = enrolled(api)
    answer = added(api, ada, Authenticator())
    assert (answer.status_code, answer.json()["recovery_codes"]) == (201, None)
    assert answer.json()["name"] == "Unknown device"
    assert RecoveryCode.objects.filter(used_at=None).count() == 10
    shown = api.get(MFA, token=ada.access).json()
    assert shown["methods"] == ["totp", "passkey", "recovery_code"]
    assert [each["id"] for each in shown["passkeys"]] == [answer.json()["id"]]


def test_a_list_shows_what_tells_them_apart_and_no_key(api):
    ada, key, _ = holder(api)
    added(api, ada, Authenticator(), name="Another")
    body = api.get(f"{PASSKEYS}?limit=1", token=ada.access).json()
    assert [each["name"] for each in body["results"]] == ["Another"]
    body = api.get(f"{PASSKEYS}?limit=1&cursor={body['next']}", token=ada.access).json()
    [shown] = body["results"]
    assert body["next"] is None
    assert shown.keys() == {
        *("id", "name", "aaguid", "transports", "backup_eligible", "backed_up"),
        *("created_at", "last_used_at"),
    }
    assert spelt(key.credential_id) not in str(body)


def test_a_passkey_gets_another_name(api):
    ada, _, _ = holder(api)
    path = f"{PASSKEYS}/{Passkey.objects.get().pk}"
    answer = api.patch(path, {"name": "Blue key"}, token=ada.access)
    assert (answer.status_code, answer.json()["name"]) == (200, "Blue key")
    assert told(AuditRow.objects.get(action="passkey.renamed")).changes == {
        "name": ["My key", "Blue key"]
    }
    for name in ("", "  ", ["x"], "a\nb", "x" * 201):
        assert api.patch(path, {"name": name}, token=ada.access).status_code == 422


def test_nobody_touches_the_passkey_of_another(api):
    _, key, _ = holder(api)
    bob, path = signed_in(api), f"{PASSKEYS}/{Passkey.objects.get().pk}"
    assert api.get(PASSKEYS, token=bob.access).json()["results"] == []
    assert api.patch(path, {"name": "Mine"}, token=bob.access).status_code == 404
    assert api.delete(path, token=bob.access).status_code == 404
    assert enter(api, key.get(options_to_sign_in(api))).status_code == 200


def test_the_last_factor_takes_the_recovery_codes_along(api, letters):
    ada, _, _ = holder(api)
    path = f"{PASSKEYS}/{Passkey.objects.get().pk}"
    assert api.delete(path, token=ada.access).status_code == 204
    assert RecoveryCode.objects.count() == 0
    assert "Signing in asks for no code any more" in letters()[-1].body
    assert "access" in api.post(LOGIN, {"email": ada.user.email, "password": PASSWORD}).json()
    assert AuditRow.objects.filter(action="passkey.removed").count() == 1
    assert api.delete(path, token=ada.access).status_code == 404


@pytest.mark.parametrize("is_app_first", [True, False])
def test_a_factor_that_stays_keeps_the_recovery_codes(api, letters, is_app_first):
    ada, _ = enrolled(api)
    assert added(api, ada, Authenticator()).status_code == 201
    passkey = f"{PASSKEYS}/{Passkey.objects.get().pk}"
    first, second = (f"{MFA}/totp", passkey)[:: 1 if is_app_first else -1]
    assert api.delete(first, token=ada.access).status_code == 204
    assert RecoveryCode.objects.filter(used_at=None).count() == 10
    assert "The other factors work as before" in letters()[-1].body
    answer = api.post(LOGIN, {"email": ada.user.email, "password": PASSWORD}).json()
    assert answer["methods"] == ["passkey" if is_app_first else "totp", "recovery_code"]
    assert api.delete(second, token=ada.access).status_code == 204
    assert RecoveryCode.objects.count() == 0


@pytest.mark.asvs("7.5.1")
def test_changes_want_a_late_proof_and_looking_does_not(api):
    ada, key, _ = holder(api)
    passkey = key.create(options_to_add(api, ada))
    path = f"{PASSKEYS}/{Passkey.objects.get().pk}"
    let_proofs_grow_old(ada.session_id)
    answers = [
        api.post(f"{PASSKEYS}/options", {}, token=ada.access),
        api.post(PASSKEYS, {"passkey": passkey}, token=ada.access),
        api.patch(path, {"name": "Mine"}, token=ada.access),
        api.delete(path, token=ada.access),
    ]
    told = {(answer.status_code, answer.json()["error"]) for answer in answers}
    assert told == {(403, "REAUTHENTICATION_REQUIRED")}
    assert api.get(PASSKEYS, token=ada.access).status_code == 200
    for method in ("get", "post"):
        assert getattr(api, method)(PASSKEYS).status_code == 401


def test_a_passkey_proves_again_who_one_is(api):
    ada, key, _ = holder(api)
    let_proofs_grow_old(ada.session_id)
    options = options_to_prove(api, ada)
    assert [read(each["id"]) for each in options["allowCredentials"]] == [key.credential_id]
    passkey = key.get(options, userHandle=None)
    answers = [
        api.post(REAUTHENTICATE, {"passkey": passkey}, token=ada.access).status_code
        for _ in range(2)
    ]
    assert answers == [204, 401]
    assert options_to_add(api, ada)


def test_a_proof_is_of_the_session_that_asked_for_it(api):
    ada, key, _ = holder(api)
    other = enter(api, key.get(options_to_sign_in(api))).json()["access"]
    passkey = key.get(options_to_prove(api, ada))
    assert api.post(REAUTHENTICATE, {"passkey": passkey}, token=other).status_code == 401
    assert api.post(REAUTHENTICATE, {"passkey": passkey}, token=ada.access).status_code == 204


def test_who_has_no_passkey_proves_nothing_with_one(api):
    bob, body = signed_in(api), {"purpose": "reauthenticate"}
    answer = api.post(f"{PASSKEYS}/options", body, token=bob.access)
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")
    for purpose in ("sign_in", ["register"], 5):
        body = {"purpose": purpose}
        assert api.post(f"{PASSKEYS}/options", body, token=bob.access).status_code == 422


def test_of_three_who_add_the_twentieth_at_once_one_does(api):
    ada, _, _ = holder(api)
    first = Passkey.objects.get()
    copies = [Passkey(**{**_columns(first), "credential_id": bytes([n])}) for n in range(18)]
    Passkey.objects.bulk_create(copies)
    made = [Authenticator().create(options_to_add(api, ada)) for _ in range(3)]
    statuses = at_once(
        lambda n: Api().post(PASSKEYS, {"passkey": made[n]}, token=ada.access).status_code, times=3
    )
    assert sorted(statuses) == [201, 409, 409]
    assert Passkey.objects.count() == passkeys.MOST == 20
    assert api.post(f"{PASSKEYS}/options", {}, token=ada.access).status_code == 409


def _columns(row: Passkey) -> dict:
    names = [each.attname for each in Passkey._meta.fields if each.attname != "id"]
    return {name: getattr(row, name) for name in names}


def test_a_key_that_somebody_has_is_not_added_again(api):
    _, key, _ = holder(api)
    bob = signed_in(api)
    answer = added(api, bob, Authenticator(credential_id=key.credential_id))
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")
    assert Passkey.objects.count() == 1


def test_an_answer_adds_one_passkey(api):
    ada = signed_in(api)
    passkey = Authenticator().create(options_to_add(api, ada))
    answers = [
        api.post(PASSKEYS, {"passkey": passkey}, token=ada.access).status_code for _ in range(2)
    ]
    assert answers == [201, 401]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"passkey": "x"},
        {"passkey": {"id": "AA", "rawId": "AA", "type": "public-key", "response": []}},
        {"passkey": {}, "user": "x"},
    ],
)
def test_a_body_of_another_shape_is_refused_by_field(api, body):
    ada = signed_in(api)
    answer = api.post(PASSKEYS, body, token=ada.access)
    assert answer.status_code == 422
    assert answer.json()["details"]["fields"]


def test_staff_see_a_passkey_and_a_reset_removes_it(api):
    ada, key, _ = holder(api)
    browser = browser_of()
    page = browser.get(f"{PEOPLE}{ada.user.pk}/change/").content.decode()
    assert "passkey “My key” since" in page
    assert "recovery codes left: 10" in page
    browser.post(f"{PEOPLE}{ada.user.pk}/reset-factors/", {"reason": "Lost it, seen in person."})
    assert not Passkey.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert api.get("/api/v1/me", token=ada.access).status_code == 401
    assert enter(api, key.get(options_to_sign_in(api))).status_code == 401
