"""From the identity provider of an organization to a session."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Identity, Session, User
from sso.models import SignOn
from tests.accounts.organizations import Club
from tests.accounts.phones import enrolled
from tests.accounts.travellers import IDENTITIES
from tests.api import Api
from tests.factories import PASSWORD, UserFactory
from tests.sso.arriving import EXCHANGE, Provider

INVALID = (401, "INVALID_CODE")


def refusal(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


@pytest.fixture(params=["saml", "oidc"])
def provider(request, api):
    found = Provider(Club(api), protocol=request.param)
    found.prove()
    return found


def test_somebody_known_comes_in_as_who_they_are(provider):
    ada = UserFactory(email="ada@elsewhere.example")
    now = timezone.now()
    Identity.objects.create(
        user=ada,
        provider=provider.connection.protocol,
        connection_id=provider.connection.pk,
        subject="ada",
        created_at=now,
    )
    proved_at = now - timedelta(minutes=3)
    entry = provider.brought(Api(), "ada", authenticated_at=proved_at, methods=("pwd", "mfa"))
    session = Session.objects.get(pk=entry["session"]["id"])
    assert (session.user, session.connection_id) == (ada, provider.connection.pk)
    assert session.methods == ["pwd", "mfa"]
    assert session.authenticated_at == session.proved_at == proved_at
    assert SignOn.objects.get(session=session).connection_id == provider.connection.pk
    assert User.objects.filter(email__contains="corp-").count() == 0


def test_somebody_new_gets_an_account_without_a_password(provider):
    entry = provider.brought(Api(), "grace", attributes={"name": ("Grace Hopper",)})
    grace = User.objects.get(email=f"grace@{provider.domain}")
    assert entry["user"]["id"] == str(grace.pk)
    assert (grace.name, grace.has_usable_password()) == ("Grace Hopper", False)
    assert grace.email_verified_at is not None


def test_a_code_opens_one_session_and_only_in_its_own_browser(provider, api):
    code = provider.vouch(api, provider.arrival("ada"))
    assert refusal(Api().post(EXCHANGE, {"code": code})) == INVALID
    assert api.post(EXCHANGE, {"code": code}).status_code == 200
    assert refusal(api.post(EXCHANGE, {"code": code})) == INVALID


def test_a_connection_that_was_switched_off_meanwhile_opens_nothing(provider, api):
    code = provider.vouch(api, provider.arrival("ada"))
    provider.switch(is_enabled=False)
    assert refusal(api.post(EXCHANGE, {"code": code})) == INVALID
    assert not User.objects.filter(email=f"ada@{provider.domain}").exists()


@pytest.mark.asvs("6.8.4", "7.6.1")
def test_a_proof_that_the_provider_says_nothing_about_was_never(provider):
    entry = provider.brought(Api(), "ada", authenticated_at=None)
    session = Session.objects.get(pk=entry["session"]["id"])
    assert session.proved_at < timezone.now() - timedelta(days=1)


def test_a_proof_of_the_future_counts_from_now(provider):
    later = timezone.now() + timedelta(minutes=5)
    entry = provider.brought(Api(), "ada", authenticated_at=later)
    assert Session.objects.get(pk=entry["session"]["id"]).proved_at <= timezone.now()


@pytest.mark.asvs("6.8.4", "7.6.1")
def test_what_asks_for_a_late_proof_believes_the_provider_about_when(provider, api):
    for minutes, status in ((11, 403), (1, 409)):
        proved_at = timezone.now() - timedelta(minutes=minutes)
        entry = provider.brought(Api(), "ada", authenticated_at=proved_at)
        [identity] = api.get(IDENTITIES, token=entry["access"]).json()["results"]
        answer = api.delete(f"{IDENTITIES}/{identity['id']}", token=entry["access"])
        assert answer.status_code == status


@pytest.mark.asvs("6.3.4")
def test_whoever_has_a_second_factor_is_asked_for_it_and_what_was_vouched_for_stays(provider, api):
    person, phone = enrolled(api, user=UserFactory(email=f"ada@{provider.domain}"))
    long_ago = timezone.now() - timedelta(hours=1)
    asked = provider.brought(api, "ada", methods=("pwd",), authenticated_at=long_ago)
    assert asked["mfa_required"] is True
    assert not Session.objects.exclude(connection_id=None).exists()
    body = {"mfa_token": asked["mfa_token"], "code": phone.code()}
    entry = api.post("/api/v1/auth/login/mfa", body).json()
    session = Session.objects.get(pk=entry["session"]["id"])
    assert (session.user, session.connection_id) == (person.user, provider.connection.pk)
    assert session.methods == ["pwd", "otp", "mfa"]
    assert session.proved_at > timezone.now() - timedelta(minutes=5)
    assert SignOn.objects.get(session=session).connection_id == provider.connection.pk


def test_a_factor_does_not_open_what_a_connection_vouched_for_that_is_off_by_then(provider, api):
    _, phone = enrolled(api, user=UserFactory(email=f"ada@{provider.domain}"))
    asked = provider.brought(api, "ada")
    provider.switch(is_enabled=False)
    body = {"mfa_token": asked["mfa_token"], "code": phone.code()}
    assert refusal(api.post("/api/v1/auth/login/mfa", body)) == INVALID
    assert not Session.objects.exclude(connection_id=None).exists()


def test_an_arrival_costs_few_statements_and_a_password_one_more_than_before(provider):
    ada = UserFactory(email=f"ada@{provider.domain}")
    provider.brought(Api(), "ada")
    code = provider.vouch(browser := Api(), provider.arrival("ada"))
    with CaptureQueriesContext(connection) as asked:
        assert browser.post(EXCHANGE, {"code": code}).status_code == 200
    assert len(asked) <= 30, [query["sql"] for query in asked]
    body = {"email": ada.email, "password": PASSWORD}
    with CaptureQueriesContext(connection) as asked:
        assert Api().post("/api/v1/auth/login", body).status_code == 200
    assert sum("sso_required_from" in query["sql"] for query in asked) == 1
