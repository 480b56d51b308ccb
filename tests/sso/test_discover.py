"""Somebody who gives an address learns where the people of its domain sign in, and no more."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import OrganizationDomain
from resilience import policies
from sso.models import Connection
from tests.accounts.organizations import Club
from tests.api import Api
from tests.factories import UserFactory
from tests.sso.arriving import Provider

DISCOVER = "/api/v1/auth/sso/discover"
NOBODY = {"connection": None}


@pytest.fixture
def provider(api) -> Provider:
    """The provider of an organization that has proved its domain."""
    found = Provider(Club(api))
    found.prove()
    return found


def found_for(email: str) -> object:
    answer = Api().post(DISCOVER, {"email": email})
    assert answer.status_code == 200, answer.content
    return answer.json()


def door_of(provider: Provider) -> dict[str, dict[str, str]]:
    slug = provider.connection.slug
    url = f"http://localhost:8000/sso/saml/{slug}/login"
    return {"connection": {"slug": slug, "protocol": "saml", "login_url": url}}


def statements_for(email: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        found_for(email)
    return [query["sql"].partition("WHERE")[0] for query in asked]


def test_every_address_of_a_domain_gets_the_same_answer(provider):
    known = UserFactory(email=f"ada@{provider.domain}")
    for email in (known.email, f"nobody@{provider.domain}", f"X@{provider.domain.upper()}"):
        assert found_for(email) == door_of(provider)


def test_what_is_asked_of_the_database_is_the_same_for_everybody(provider):
    known = UserFactory(email=f"ada@{provider.domain}")
    asked = statements_for(known.email)
    assert asked == statements_for(f"nobody@{provider.domain}")
    assert asked == statements_for("nobody@unknown.example")
    assert not any("accounts_user" in sql for sql in asked)


def test_a_domain_leads_nowhere_that_is_not_proved_or_whose_connection_is_off(provider):
    for email in (f"a@sub.{provider.domain}", "a@elsewhere.example"):
        assert found_for(email) == NOBODY
    Connection.objects.update(is_enabled=False)
    assert found_for(f"a@{provider.domain}") == NOBODY
    Connection.objects.update(is_enabled=True)
    OrganizationDomain.objects.update(verified_at=None)
    assert found_for(f"a@{provider.domain}") == NOBODY


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": ["a@b.example"]},
        {"email": "no address"},
        {"email": "a@b.example", "more": 1},
        {"email": "\ud800@b.example"},
        {"email": f"{'a' * 400}@b.example"},
        {"email": None},
    ],
)
def test_what_is_no_address_is_refused(body):
    assert Api().post(DISCOVER, body).status_code in {400, 422}


def test_asking_is_limited(settings):
    settings.RATE_LIMITS = policies.chosen(["sso.address=4/60s"], processes=2)
    answers = [
        Api().post(DISCOVER, {"email": "a@b.example"}, address="10.91.0.1").status_code
        for _ in range(5)
    ]
    # Without Redis half of it is what a process lets through.
    assert (answers[0], answers[-1]) == (200, 429)
