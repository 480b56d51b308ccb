"""An organization lets the people of its domains in by its own connections only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MagicLink, OrganizationDomain, PasswordLink, Session
from accounts.services import mailed_links
from audit.models import AuditRow
from plinto.kernel.ids import uuid7
from sso.models import Connection
from tests.accounts import authenticators, phones
from tests.accounts.organizations import Club
from tests.accounts.people import Person, signed_in
from tests.accounts.phones import enrolled
from tests.accounts.staff import browser_of
from tests.accounts.travellers import arrived
from tests.api import Api
from tests.audit.rows import told
from tests.factories import PASSWORD, UserFactory
from tests.servers.identity_provider import IdentityProvider
from tests.servers.identity_provider import Person as Account
from tests.sso.arriving import APP, EXCHANGE, Provider, letters_to

AUTH = "/api/v1/auth"
ASKED = {"policy": {"require_sso": True}}


@pytest.fixture
def provider(api) -> Provider:
    """The provider of an organization that may ask for it."""
    found = Provider(Club(api))
    found.prove()
    return found


def ask(provider: Provider, *, is_required: bool = True) -> Any:
    return provider.club.as_(
        provider.club.owner, "PATCH", "", {"policy": {"require_sso": is_required}}
    )


@pytest.fixture
def strict(provider) -> Provider:
    """One that asks for it."""
    answer = ask(provider)
    assert answer.status_code == 200, answer.content
    return provider


def employee(provider: Provider, **fields: Any) -> Any:
    return UserFactory(email=f"{uuid7().hex[-8:]}@{provider.domain}", **fields)


def login(user: Any, password: str = PASSWORD) -> Any:
    return Api().post(f"{AUTH}/login", {"email": user.email, "password": password})


def is_sent_away(answer: Any, provider: Provider) -> bool:
    """Tell whether somebody was told to come by the connection, and the trail knows."""
    row = AuditRow.objects.filter(action="session.refused").latest("id")
    slug = provider.connection.slug
    return (
        answer.status_code == 403
        and answer.json()["error"] == "SSO_REQUIRED"
        and answer.json()["details"]
        == {
            "login_url": f"http://localhost:8000/sso/saml/{slug}/login",
            "slug": slug,
            "protocol": "saml",
        }
        and (row.reason, row.organization_id) == ("single sign-on required", provider.club.id)
    )


def test_a_right_password_is_sent_to_the_connection_and_a_wrong_one_learns_nothing(strict):
    ada = employee(strict)
    assert is_sent_away(login(ada), strict)
    assert not Session.objects.filter(user=ada).exists()
    answer = login(ada, "a guess")
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CREDENTIALS")
    assert strict.come(Api(), "ada", ada.email).status_code == 200


def test_somebody_elsewhere_and_the_subdomain_are_not_concerned(strict):
    for domain in ("elsewhere.example", f"sub.{strict.domain}"):
        assert login(UserFactory(email=f"ada@{domain}")).status_code == 200


def test_right_passwords_use_up_no_attempts(strict):
    ada = employee(strict)
    assert {login(ada).status_code for _ in range(12)} == {403}


def test_a_magic_link_opens_nothing(strict):
    ada = employee(strict)
    now = timezone.now()
    rest: dict[str, Any] = {"mail_id": uuid7(), "lives_for": timedelta(minutes=5)}
    mailed_links.write(MagicLink, ada, token="magic", now=now, **rest)
    answer = Api().post(f"{AUTH}/magic-link/verify", {"token": "magic"})
    assert is_sent_away(answer, strict)


def test_a_password_that_was_reset_opens_nothing(strict):
    ada = employee(strict)
    now = timezone.now()
    rest: dict[str, Any] = {"mail_id": uuid7(), "lives_for": timedelta(minutes=5)}
    mailed_links.write(PasswordLink, ada, token="reset", now=now, **rest)
    body = {"token": "reset", "password": "an entirely new password"}
    assert Api().post(f"{AUTH}/password/reset/confirm", body).status_code == 204
    assert is_sent_away(login(ada, "an entirely new password"), strict)


def test_a_passkey_opens_nothing(api, provider):
    person, key, _ = authenticators.holder(api)
    provider.prove(person.user.email.rpartition("@")[2])
    assert ask(provider).status_code == 200
    shown = key.get(authenticators.options_to_sign_in(Api()))
    assert is_sent_away(Api().post(f"{AUTH}/login/passkey", {"passkey": shown}), provider)


def test_a_second_factor_is_not_even_asked_for(api, provider):
    person, phone = enrolled(api, user=employee(provider))
    waiting = phones.asked(api, person.user.email)
    assert ask(provider).status_code == 200
    assert is_sent_away(login(person.user), provider)
    answer = Api().post(f"{AUTH}/login/mfa", {"mfa_token": waiting, "code": phone.code()})
    assert is_sent_away(answer, provider)


def test_signing_up_makes_no_account(strict):
    email = f"new@{strict.domain}"
    api = Api()
    handle = api.post(f"{AUTH}/register", {"email": email, "password": PASSWORD}).json()
    [letter] = letters_to(email)
    code = next(word for word in letter.body.split() if word.isdigit() and len(word) == 6)
    body = {"email": email, "code": code, "registration": handle["registration"]}
    answer = api.post(f"{AUTH}/verify-email", body)
    assert is_sent_away(answer, strict)
    assert not AuditRow.objects.filter(action="user.created").exists()


def test_an_account_at_a_provider_opens_nothing(strict, settings):
    with IdentityProvider() as idp:
        settings.SOCIAL_PROVIDERS = {"acme": idp.provider()}
        settings.SOCIAL_REDIRECT_URIS = [APP]
        settings.OUTBOUND_ALLOWED = {idp.destination}
        browser = Api()
        found = arrived(browser, idp, Account(email=f"ada@{strict.domain}"))
        assert is_sent_away(browser.post(EXCHANGE, {"code": found["code"]}), strict)


def test_a_connection_of_another_organization_opens_nothing(strict):
    ada = signed_in(Api(), user=UserFactory(email="ada@elsewhere.example"))
    other = Provider(Club(Api()))
    other.prove("elsewhere.example")
    assert other.come(Api(), "ada", ada.user.email).status_code == 200
    ada.user.email = f"ada@{strict.domain}"
    ada.user.save()
    assert is_sent_away(other.come(Api(), "ada", ada.user.email), strict)


def test_an_owner_breaks_the_glass_and_every_owner_is_told(strict):
    second = strict.club.joined("owner", person=Person(employee(strict), "", "", ""))
    answer = login(second.user)
    assert answer.status_code == 200
    [row] = AuditRow.objects.filter(action="glass.broken")
    assert (row.organization_id, str(row.session_id)) == (
        strict.club.id,
        answer.json()["session"]["id"],
    )
    assert told(row).actor_label == second.user.email
    for owner in (second.user, strict.club.owner.user):
        letters = [each for each in letters_to(owner.email) if "without single" in each.subject]
        assert [strict.club.slug in each.body or "Analytical" in each.body for each in letters] == [
            True
        ]
    strict.brought(Api(), "owner", second.user.email)
    assert AuditRow.objects.filter(action="glass.broken").count() == 1


def test_sessions_that_are_there_go_on(provider):
    ada = signed_in(Api(), user=employee(provider))
    assert ask(provider).status_code == 200
    assert Api().get("/api/v1/me", token=ada.access).status_code == 200
    refreshed = Api().post(f"{AUTH}/token/refresh", {"refresh": ada.refresh})
    assert refreshed.status_code == 200


def test_whoever_administers_the_deployment_comes_into_its_admin_site(strict):
    root = employee(strict, is_staff=True, is_superuser=True)
    assert browser_of(root).get("/admin/").status_code == 200


@pytest.mark.parametrize("lacking", ["domain", "connection"])
def test_it_is_not_asked_for_without_a_way_that_stays_open(provider, lacking):
    if lacking == "domain":
        OrganizationDomain.objects.all().delete()
    else:
        Connection.objects.update(is_enabled=False)
    answer = ask(provider)
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")
    assert answer.json()["message"] == "Prove a domain and enable a connection first."


def test_it_is_shown_and_taken_back_and_the_trail_tells(strict):
    ada = employee(strict)
    shown = strict.club.as_(strict.club.owner, "GET").json()["policy"]
    assert shown["require_sso"] is True
    assert ask(strict).json()["policy"] == shown
    assert ask(strict, is_required=False).json()["policy"]["sso_required_from"] is None
    assert login(ada).status_code == 200
    rows = AuditRow.objects.filter(action="organization.updated").order_by("id")
    assert [list(told(row).changes) for row in rows] == [["sso_required_from"]] * 2


def test_only_who_may_change_the_organization_asks_for_it(provider):
    for role in ("member", "viewer"):
        person = provider.club.joined(role)
        assert provider.club.as_(person, "PATCH", "", ASKED).status_code == 403


@pytest.mark.parametrize("wrong", ["true", 1, None, []])
def test_what_is_no_truth_value_is_refused(provider, wrong):
    answer = provider.club.as_(provider.club.owner, "PATCH", "", {"policy": {"require_sso": wrong}})
    assert answer.status_code == 422
