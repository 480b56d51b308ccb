"""Identities of people who have an account: linking, listing, unlinking."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from accounts.models import Identity, ProviderSignIn, User
from audit.models import AuditRow
from tests.accounts.old_proofs import let_proofs_grow_old
from tests.accounts.people import Person as Member
from tests.accounts.people import signed_in, token_in
from tests.accounts.travellers import (
    APP,
    IDENTITIES,
    arrived,
    come_back,
    exchange,
    sent_to,
    signed_up,
    start,
)
from tests.api import Api
from tests.factories import PASSWORD, UserFactory
from tests.races import at_once
from tests.servers.identity_provider import Person


@pytest.fixture
def ada(api) -> Member:
    """Somebody with a password, signed in."""
    return signed_in(api)


def linked_to(member: Member, subject: str = "ada", provider: str = "acme") -> Identity:
    return Identity.objects.create(
        user=member.user, provider=provider, subject=subject, created_at=timezone.now()
    )


def asked_for_proof(idp, member: Member, *, subject: str = "ada") -> tuple[Api, str]:
    """Sign in at the provider with the address of an account; the browser and the link token."""
    browser = Api()
    answer = exchange(
        browser, arrived(browser, idp, Person(subject=subject, email=member.user.email))["code"]
    )
    assert answer.status_code == 409
    return browser, answer.json()["details"]["link_token"]


def confirm(api: Api, token: str, *, by: Member):
    return api.post(IDENTITIES, {"link_token": token}, token=by.access)


def test_somebody_signed_in_links_an_identity_and_signs_in_with_it(api, idp, ada, letters):
    whoever = Person(email="elsewhere@example.com", is_verified=False)
    assert arrived(api, idp, whoever, token=ada.access) == {"linked": "acme"}
    [shown] = api.get(IDENTITIES, token=ada.access).json()["results"]
    assert (shown["provider"], shown["email"]) == ("acme", whoever.email)
    assert shown.keys() == {
        *("id", "provider", "connection", "email", "created_at", "last_used_at"),
    }
    assert signed_up(Api(), idp, whoever)["user"]["id"] == str(ada.user.pk)
    [letter] = letters()
    assert letter.to == [ada.user.email]
    assert "was linked to your account" in letter.body
    assert "elsewhere@\u200bexample.\u200bcom" in letter.body
    assert AuditRow.objects.filter(action="identity.linked", outcome="success").count() == 1


def test_a_link_is_not_made_in_another_browser(api, idp, ada):
    answer = idp.approve(sent_to(api, token=ada.access), Person())
    assert come_back(Api(), answer).status_code == 400
    assert not Identity.objects.exists()


def test_a_link_is_not_made_for_a_session_that_has_ended_or_a_person_who_is_off(api, idp, ada):
    answer = idp.approve(sent_to(api, token=ada.access), Person())
    api.post("/api/v1/auth/logout", token=ada.access)
    assert come_back(api, answer)["Location"] == f"{APP}&error=session_ended"
    other = signed_in(api)
    answer = idp.approve(sent_to(api, token=other.access), Person())
    User.objects.update(is_active=False)
    assert come_back(api, answer)["Location"] == f"{APP}&error=session_ended"
    assert not Identity.objects.exists()


@pytest.mark.asvs("7.5.1", "10.3.4")
def test_linking_asks_for_a_proof_within_ten_minutes_and_for_a_good_token(api, idp, ada):
    let_proofs_grow_old()
    answer = start(api, token=ada.access)
    assert (answer.status_code, answer.json()["error"]) == (403, "REAUTHENTICATION_REQUIRED")
    assert start(api, token="not.a.token").status_code == 401
    assert not ProviderSignIn.objects.exists()


@pytest.mark.asvs("6.8.1")
def test_an_identity_of_somebody_else_is_not_taken_from_them(api, idp, ada):
    linked_to(signed_in(api), "shared")
    assert arrived(api, idp, Person(subject="shared"), token=ada.access) == {
        "error": "identity_taken"
    }
    assert Identity.objects.get().user != ada.user


def test_the_owner_of_an_address_confirms_the_link_by_signing_in(api, idp, ada, letters):
    browser, token = asked_for_proof(idp, ada)
    answer = confirm(api, token, by=ada)
    assert answer.status_code == 201
    assert answer.json()["provider"] == "acme"
    assert "was linked" in letters()[-1].body
    again = signed_up(browser, idp, Person(subject="ada", is_verified=False))
    assert again["user"]["id"] == str(ada.user.pk)
    assert confirm(api, token, by=ada).json()["error"] == "INVALID_CODE"


def test_a_link_token_works_for_its_account_alone_and_for_ten_minutes(api, idp, ada):
    _, token = asked_for_proof(idp, ada)
    assert confirm(api, token, by=signed_in(api)).status_code == 401
    assert confirm(api, "pll_forged", by=ada).status_code == 401
    assert api.post(IDENTITIES, {"link_token": token}).status_code == 401
    assert api.post(IDENTITIES, {"link_token": [token]}, token=ada.access).status_code == 422
    ProviderSignIn.objects.update(link_expires_at=timezone.now())
    assert confirm(api, token, by=ada).status_code == 401
    assert not Identity.objects.exists()
    refused = AuditRow.objects.filter(action="identity.linked", outcome="refused")
    assert refused.count() == 3


def test_confirming_asks_for_a_proof_within_ten_minutes(api, idp, ada):
    _, token = asked_for_proof(idp, ada)
    let_proofs_grow_old()
    assert confirm(api, token, by=ada).json()["error"] == "REAUTHENTICATION_REQUIRED"
    assert api.get(IDENTITIES, token=ada.access).status_code == 200


def test_a_link_confirmed_ten_times_at_once_is_made_once(api, idp, ada):
    _, token = asked_for_proof(idp, ada)
    answers = at_once(lambda _: confirm(Api(), token, by=ada).status_code, times=10)
    assert Counter(answers) == {201: 1, 401: 9}
    assert Identity.objects.count() == 1


def test_an_identity_that_was_linked_meanwhile_is_a_conflict(api, idp, ada):
    _, token = asked_for_proof(idp, ada)
    linked_to(signed_in(api), "ada")
    answer = confirm(api, token, by=ada)
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")


@pytest.mark.asvs("6.3.7")
def test_an_unlinked_identity_signs_nobody_in_and_its_person_is_told(api, idp, ada, letters):
    identity, browser = linked_to(ada), Api()
    code = arrived(browser, idp, Person(subject="ada"))["code"]
    assert api.delete(f"{IDENTITIES}/{identity.pk}", token=ada.access).status_code == 204
    # Somebody new to Plinto by now, and a code from before makes no session of the old person.
    assert exchange(browser, code).json()["user"]["id"] != str(ada.user.pk)
    assert api.get(IDENTITIES, token=ada.access).json()["results"] == []
    assert "was unlinked from your account" in letters()[-1].body
    assert AuditRow.objects.filter(action="identity.unlinked", outcome="success").exists()


def test_only_ones_own_identity_is_unlinked(api, idp, ada):
    other = linked_to(signed_in(api), "other")
    assert api.delete(f"{IDENTITIES}/{other.pk}", token=ada.access).status_code == 404
    assert api.delete(f"{IDENTITIES}/{other.pk}").status_code == 401
    assert Identity.objects.exists()


@pytest.mark.asvs("7.5.1")
def test_unlinking_asks_for_a_proof_within_ten_minutes(api, idp, ada):
    mine = linked_to(ada)
    let_proofs_grow_old()
    assert api.delete(f"{IDENTITIES}/{mine.pk}", token=ada.access).status_code == 403
    assert Identity.objects.exists()


def test_the_last_way_in_is_not_unlinked(api, idp, settings):
    tokens = signed_up(api, idp, Person())
    person, identity = User.objects.get(), Identity.objects.get()
    path, access = f"{IDENTITIES}/{identity.pk}", tokens["access"]
    settings.SOCIAL_PROVIDERS = {**settings.SOCIAL_PROVIDERS, "other": idp.provider(name="other")}
    Identity.objects.create(
        user=person, provider="gone", subject="x", created_at=timezone.now()
    )  # at a provider that is no more
    assert api.delete(path, token=access).json()["error"] == "LAST_WAY_IN"
    Identity.objects.create(user=person, provider="other", subject="x", created_at=timezone.now())
    assert api.delete(path, token=access).status_code == 204


def test_two_identities_unlinked_at_once_leave_one(api, idp):
    tokens = signed_up(api, idp, Person())
    person = User.objects.get()
    Identity.objects.create(user=person, provider="acme", subject="x", created_at=timezone.now())
    keys = list(Identity.objects.values_list("pk", flat=True))
    answers = at_once(
        lambda n: Api().delete(f"{IDENTITIES}/{keys[n]}", token=tokens["access"]).status_code,
        times=2,
    )
    assert sorted(answers) == [204, 409]


def test_a_password_set_by_mail_lets_the_last_identity_go(api, idp, letters):
    ada = Person()
    tokens = signed_up(api, idp, ada)
    path = f"{IDENTITIES}/{Identity.objects.get().pk}"
    assert api.delete(path, token=tokens["access"]).status_code == 409
    api.post("/api/v1/auth/password/reset", {"email": ada.email})
    body = {"token": token_in(letters()[-1]), "password": PASSWORD}
    assert api.post("/api/v1/auth/password/reset/confirm", body).status_code == 204
    again = signed_in(api, user=User.objects.get())
    assert api.delete(path, token=again.access).status_code == 204


def test_identities_are_listed_by_page_newest_first(api, idp, ada):
    for subject in ("one", "two", "three"):
        linked_to(ada, subject)
    linked_to(Member(UserFactory(), "", "", ""), "not mine")
    first = api.get(f"{IDENTITIES}?limit=2", token=ada.access).json()
    rest = api.get(f"{IDENTITIES}?limit=2&cursor={first['next']}", token=ada.access).json()
    assert (len(first["results"]), len(rest["results"]), rest["next"]) == (2, 1, None)
    assert api.get(f"{IDENTITIES}?limit=0", token=ada.access).status_code == 422
