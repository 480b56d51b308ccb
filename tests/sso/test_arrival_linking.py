"""An organization's word reaches as far as its own domains, and no further."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Identity, Membership, OrganizationDomain, User
from audit.models import AuditRow
from sso.facts import Refused
from tests.accounts.organizations import Club
from tests.accounts.people import Person, signed_in
from tests.accounts.travellers import IDENTITIES, last_refusal
from tests.api import Api
from tests.factories import AdministratorFactory, UserFactory
from tests.races import at_once
from tests.sso.arriving import Provider, letters_to

MEMBER = "member"


@pytest.fixture
def provider(api) -> Provider:
    """The provider of an organization that has proved its domain."""
    found = Provider(Club(api))
    found.prove()
    return found


def asked_for_proof(answer: Any) -> str:
    """The link token, of which only the owner of the address can make anything."""
    assert (answer.status_code, answer.json()["error"]) == (409, "IDENTITY_NEEDS_PROOF")
    return str(answer.json()["details"]["link_token"])


def confirm(person: Person, token: str) -> Any:
    return Api().post(IDENTITIES, {"link_token": token}, token=person.access)


def links() -> int:
    return Identity.objects.exclude(connection_id=None).count()


def role_of(user: User, club: Club) -> str:
    found = Membership.objects.filter(user=user, organization_id=club.id).first()
    return found.role.name if found else ""


def test_an_account_in_the_domain_is_linked_and_becomes_a_member(provider):
    ada = UserFactory(email=f"Ada@{provider.domain}")
    assert provider.brought(Api(), "1", f"ADA@{provider.domain.upper()}")["user"]["id"] == str(
        ada.pk
    )
    assert role_of(ada, provider.club) == MEMBER
    assert [each.body.count("single sign-on account") for each in letters_to(ada.email)] == [1]


def test_the_same_person_comes_again_by_their_subject_whatever_their_address_is(provider):
    first = provider.brought(Api(), "1", f"ada@{provider.domain}")
    again = provider.brought(Api(), "1", f"countess@{provider.domain}")
    assert first["user"]["id"] == again["user"]["id"]
    assert not User.objects.filter(email__startswith="countess").exists()


@pytest.mark.asvs("6.8.1")
@pytest.mark.parametrize(
    "address",
    [
        "victim@elsewhere.example",
        "victim@sub.{domain}",
        "victim@not{domain}",
        "victim@{domain}.example",
    ],
)
def test_nobody_outside_of_the_domain_is_linked_or_made(provider, address):
    victim = UserFactory(email=address.format(domain=provider.domain))
    asked_for_proof(provider.come(Api(), "1", victim.email))
    victim.delete()
    asked_for_proof(provider.come(Api(), "1", victim.email))
    assert (links(), User.objects.filter(email=victim.email).count()) == (0, 0)


def test_a_domain_that_is_not_proved_reaches_nobody(api):
    stranger = Provider(Club(api))
    now = timezone.now()
    OrganizationDomain.objects.create(
        organization_id=stranger.club.id, name=stranger.domain, token="t", created_at=now
    )
    victim = UserFactory(email=f"victim@{stranger.domain}")
    asked_for_proof(stranger.come(Api(), "1", victim.email))
    assert links() == 0
    row = AuditRow.objects.filter(action="session.refused").latest("id")
    assert (row.organization_id, row.reason) == (stranger.club.id, "proof of the owner wanted")
    assert (row.target_kind, row.target_id) == ("connection", str(stranger.connection.pk))


def test_a_domain_that_another_organization_has_proved_is_theirs_alone(provider):
    stranger = Provider(Club(Api()), domain=provider.domain)
    victim = UserFactory(email=f"victim@{provider.domain}")
    asked_for_proof(stranger.come(Api(), "1", victim.email))
    assert links() == 0


def test_a_domain_that_was_withdrawn_reaches_nobody_any_more(provider):
    OrganizationDomain.objects.filter(name=provider.domain).update(verified_at=None)
    victim = UserFactory(email=f"victim@{provider.domain}")
    asked_for_proof(provider.come(Api(), "1", victim.email))
    assert links() == 0


@pytest.mark.parametrize("lookalike", ["\u212aim@{domain}", "adа@{domain}", "ada@\u200b"])
def test_a_lookalike_of_an_address_is_none(provider, lookalike):
    UserFactory(email=f"kim@{provider.domain}")
    with pytest.raises(Refused, match="no address"):
        provider.vouch(Api(), provider.arrival("1", lookalike.format(domain=provider.domain)))


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}])
def test_whoever_administers_the_deployment_is_linked_by_their_own_proof_alone(provider, rights):
    root = UserFactory(email=f"root@{provider.domain}", **rights)
    token = asked_for_proof(provider.come(Api(), "1", root.email))
    assert links() == 0
    assert confirm(signed_in(Api(), user=root), token).status_code == 201
    assert provider.brought(Api(), "1", root.email)["user"]["id"] == str(root.pk)


def test_the_owner_of_an_address_elsewhere_confirms_and_comes_in_from_then_on(provider):
    contractor = signed_in(Api(), user=UserFactory(email="jo@contractor.example"))
    token = asked_for_proof(provider.come(Api(), "1", "Jo@contractor.example"))
    answer = confirm(contractor, token)
    shown = answer.json()
    assert (answer.status_code, shown["provider"]) == (201, "saml")
    assert shown["connection"] == "Corporate sign-in"
    assert role_of(contractor.user, provider.club) == MEMBER
    entry = provider.brought(Api(), "1", "jo@contractor.example")
    assert entry["user"]["id"] == str(contractor.user.pk)
    assert confirm(contractor, token).status_code == 401


def test_nobody_else_confirms_a_link_not_even_once_they_have_an_account(provider):
    token = asked_for_proof(provider.come(Api(), "1", "jo@contractor.example"))
    thief = signed_in(Api(), user=UserFactory(email="jo@contractor.example.net"))
    assert confirm(thief, token).status_code == 401
    late = signed_in(Api(), user=UserFactory(email="jo@contractor.example"))
    User.objects.filter(pk=late.user.pk).update(email_verified_at=None)
    assert confirm(late, token).status_code == 401
    User.objects.filter(pk=late.user.pk).update(email_verified_at=timezone.now())
    assert confirm(late, token).status_code == 201


def test_a_link_of_a_connection_that_was_switched_off_is_not_made(provider):
    contractor = signed_in(Api(), user=UserFactory(email="jo@contractor.example"))
    token = asked_for_proof(provider.come(Api(), "1", contractor.user.email))
    provider.switch(is_enabled=False)
    assert confirm(contractor, token).status_code == 401
    assert links() == 0


def test_a_password_that_nobody_vouches_for_is_dropped_with_the_first_arrival(provider):
    """Somebody may have had the account made before its owner ever came."""
    ada = UserFactory(email=f"ada@{provider.domain}", email_verified_at=None)
    provider.brought(Api(), "1", ada.email)
    ada.refresh_from_db()
    assert (ada.has_usable_password(), ada.email_verified_at is None) == (False, False)


def test_whoever_is_switched_off_stays_out(provider):
    ada = UserFactory(email=f"ada@{provider.domain}")
    provider.brought(Api(), "1", ada.email)
    code = provider.vouch(browser := Api(), provider.arrival("1", ada.email))
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert browser.post("/api/v1/auth/sso/exchange", {"code": code}).status_code == 401
    assert last_refusal() == "account changed while signing in"
    for subject in ("1", "2"):
        with pytest.raises(Refused, match="switched off"):
            provider.vouch(Api(), provider.arrival(subject, ada.email))


def test_a_connection_that_makes_no_accounts_lets_in_those_who_have_one(api):
    provider = Provider(Club(api), creates_accounts=False)
    provider.prove()
    ada = UserFactory(email=f"ada@{provider.domain}")
    assert provider.come(Api(), "1", ada.email).status_code == 200
    with pytest.raises(Refused, match="makes none"):
        provider.vouch(Api(), provider.arrival("2"))


def test_two_who_come_for_the_first_time_at_once_are_one_account(provider):
    browsers = [Api() for _ in range(4)]
    codes = [provider.vouch(each, provider.arrival("1")) for each in browsers]
    answers = at_once(
        lambda n: browsers[n].post("/api/v1/auth/sso/exchange", {"code": codes[n]}), times=4
    )
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["user"]["id"] for each in answers}) == 1
    assert (links(), Membership.objects.filter(organization_id=provider.club.id).count()) == (1, 2)


def test_an_erasure_that_waits_is_called_off_as_by_any_sign_in(provider):
    ada = AdministratorFactory(is_staff=False, is_superuser=False, email=f"a@{provider.domain}")
    User.objects.filter(pk=ada.pk).update(erase_at=timezone.now())
    provider.brought(Api(), "1", ada.email)
    assert User.objects.get(pk=ada.pk).erase_at is None


def test_an_identity_at_a_connection_is_shown_and_unlinked_like_any_other(provider):
    entry = provider.brought(Api(), "1")
    page = Api().get(IDENTITIES, token=entry["access"]).json()["results"]
    assert [(each["provider"], each["connection"]) for each in page] == [
        ("saml", "Corporate sign-in")
    ]
    answer = Api().delete(f"{IDENTITIES}/{page[0]['id']}", token=entry["access"])
    assert (answer.status_code, answer.json()["error"]) == (409, "LAST_WAY_IN")


def test_an_identity_is_a_way_in_only_while_its_connection_is_on(provider):
    """A password is none of hers, so she keeps one of two connections that works."""
    other = Provider(provider.club)
    entry = provider.brought(Api(), "1")
    identity = Identity.objects.get(connection_id=provider.connection.pk)
    Identity.objects.create(
        user=identity.user,
        provider="saml",
        connection_id=other.connection.pk,
        subject="1",
        created_at=timezone.now(),
    )
    other.switch(is_enabled=False)
    path = f"{IDENTITIES}/{identity.pk}"
    assert Api().delete(path, token=entry["access"]).status_code == 409
    other.switch(is_enabled=True)
    assert Api().delete(path, token=entry["access"]).status_code == 204


@pytest.mark.asvs("6.8.1", "10.5.2")
def test_a_subject_of_one_connection_is_somebody_else_at_another_and_at_a_provider(provider):
    other = Provider(Club(Api()))
    other.prove()
    Identity.objects.create(
        user=UserFactory(), provider="saml", subject="1", created_at=timezone.now()
    )
    first, second = provider.brought(Api(), "1"), other.brought(Api(), "1")
    assert first["user"]["id"] != second["user"]["id"]
    assert {first["user"]["email"], second["user"]["email"]} == {
        f"1@{provider.domain}",
        f"1@{other.domain}",
    }


def test_an_openid_address_that_is_not_verified_is_nobodys(api):
    provider = Provider(Club(api), protocol="oidc")
    provider.prove()
    UserFactory(email=f"victim@{provider.domain}")
    unverified = provider.arrival("1", f"victim@{provider.domain}", email_verified=False)
    with pytest.raises(Refused, match="not vouched for"):
        provider.vouch(Api(), unverified)
    assert links() == 0
