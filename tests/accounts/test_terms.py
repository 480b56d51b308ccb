"""Consent to a version of the terms: at sign-up, and later."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import Registration, TermsConsent, User
from accounts.services import personal_data
from audit.models import AppendOnlyError, AuditRow
from tests.accounts.people import code_in, signed_in
from tests.accounts.travellers import signed_up
from tests.api import Api
from tests.audit.rows import told
from tests.factories import PASSWORD, UserFactory
from tests.races import at_once
from tests.servers.identity_provider import Person

REGISTER = "/api/v1/auth/register"
VERIFY = "/api/v1/auth/verify-email"
TERMS = "/api/v1/me/terms"
NOW, LATER = "2026-11", "2027-01"
ADA = {"email": "ada@example.com", "password": PASSWORD}


@pytest.fixture(autouse=True)
def asked(settings: Any) -> Any:
    """The deployment asks for its terms."""
    settings.TERMS_VERSION, settings.TERMS_URL = NOW, "https://example.com/terms"
    return settings


def agree(api: Api, token: str, version: Any = NOW):
    return api.post(TERMS, {"version": version}, token=token)


def versions(api: Api, token: str) -> list[str]:
    return [each["version"] for each in api.get(TERMS, token=token).json()["accepted"]]


@pytest.mark.parametrize("sent", [None, "", LATER, NOW + " ", [NOW], 202611, {}, "x" * 41])
def test_nobody_registers_without_the_version_in_force(api, sent):
    body = ADA if sent is None else {**ADA, "terms_version": sent}
    answer = api.post(REGISTER, body)
    assert answer.status_code == 422
    assert list(answer.json()["details"]["fields"]) == ["terms_version"]
    assert not Registration.objects.exists()


def test_consent_waits_with_the_registration_and_is_kept_with_the_account(api, letters):
    began = timezone.now()
    answer = api.post(REGISTER, {**ADA, "terms_version": NOW}, address="192.0.2.7")
    assert answer.status_code == 202
    registered = timezone.now()
    assert not TermsConsent.objects.exists()
    proof = {"code": code_in(letters()[0]), "registration": answer.json()["registration"]}
    tokens = api.post(VERIFY, {"email": ADA["email"], **proof}).json()
    row = TermsConsent.objects.get()
    # When and where they agreed, not when and where they read their mail.
    assert (row.user.email, row.version, row.address) == (ADA["email"], NOW, "192.0.2.7")
    assert began <= row.accepted_at <= registered
    assert versions(api, tokens["access"]) == [NOW]
    trail = AuditRow.objects.get(action="terms.accepted")
    assert (trail.actor_id, told(trail).actor_label) == (str(row.user_id), ADA["email"])


def test_what_a_stranger_agreed_to_is_not_held_against_the_owner_of_the_mailbox(api, letters):
    api.post(REGISTER, {**ADA, "terms_version": NOW})
    answer = api.post(VERIFY, {"email": ADA["email"], "code": code_in(letters()[0])})
    assert answer.json() == {"status": "verified"}
    assert User.objects.filter(email=ADA["email"]).exists()
    assert not TermsConsent.objects.exists()


def test_somebody_who_came_through_a_provider_has_agreed_to_nothing_yet(api, idp):
    tokens = signed_up(api, idp, Person())
    answer = api.get(TERMS, token=tokens["access"])
    asked_for = {"required": NOW, "url": "https://example.com/terms", "accepted": []}
    assert (answer.status_code, answer.json()) == (200, asked_for)
    assert agree(api, tokens["access"]).status_code == 204
    assert versions(api, tokens["access"]) == [NOW]


def test_a_later_version_is_agreed_to_besides_the_one_before(api, asked):
    ada = signed_in(api)
    assert agree(api, ada.access).status_code == 204
    asked.TERMS_VERSION = LATER
    assert api.get(TERMS, token=ada.access).json()["required"] == LATER
    assert agree(api, ada.access, NOW).status_code == 422
    assert agree(api, ada.access, LATER).status_code == 204
    assert versions(api, ada.access) == [LATER, NOW]


def test_agreeing_twice_at_once_is_agreeing_once(api):
    ada = signed_in(api)
    answers = at_once(lambda _: agree(Api(), ada.access).status_code, times=4)
    assert answers == [204] * 4
    first = TermsConsent.objects.get().accepted_at
    assert agree(api, ada.access).status_code == 204
    assert TermsConsent.objects.get().accepted_at == first
    assert AuditRow.objects.filter(action="terms.accepted").count() == 1


@pytest.mark.parametrize("version", ["", LATER, [NOW], None, 1, "x" * 41])
def test_only_the_version_in_force_is_agreed_to(api, version):
    answer = agree(api, signed_in(api).access, version)
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (422, ["version"])
    assert not TermsConsent.objects.exists()


def test_where_nobody_is_asked_nobody_agrees(api, asked):
    asked.TERMS_VERSION, asked.TERMS_URL = "", ""
    ada = signed_in(api)
    nothing = {"required": None, "url": None, "accepted": []}
    assert api.get(TERMS, token=ada.access).json() == nothing
    assert [agree(api, ada.access, sent).status_code for sent in (NOW, "")] == [422, 422]
    assert api.post(REGISTER, ADA).status_code == 202
    assert api.post(REGISTER, {**ADA, "terms_version": NOW}).status_code == 422


def test_only_who_is_signed_in_asks_or_agrees(api):
    assert api.get(TERMS).status_code == 401
    assert agree(api, "a.bad.token").status_code == 401
    body = {"version": NOW, "accepted_at": "2020-01-01T00:00:00Z"}
    assert api.post(TERMS, body, token=signed_in(api).access).status_code == 422


def test_what_somebody_agreed_to_is_not_changed_afterwards(api):
    agree(api, signed_in(api).access)
    row = TermsConsent.objects.get()
    with pytest.raises(AppendOnlyError):
        TermsConsent.objects.filter(pk=row.pk).update(version=LATER)
    row.version = LATER
    with pytest.raises(IntegrityError):
        row.save()
    assert TermsConsent.objects.get().version == NOW


def test_consent_is_part_of_what_is_told_to_its_person(api):
    ada = signed_in(api)
    agree(api, ada.access)
    signed_in(api, user=UserFactory())
    held = {each.name: each.told(ada.user) for each in personal_data.holdings(ada.user)}
    assert [row["version"] for row in held["accounts.termsconsent"]] == [NOW]
