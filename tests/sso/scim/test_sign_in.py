"""Provisioning and signing in: who was switched off does not come in, who comes is recognised."""

from __future__ import annotations

from uuid import UUID

import pytest

from accounts.models import Membership, Role, Session
from sso.facts import Refused, Word
from sso.models import GroupRole, ScimUser
from tests.accounts.comers import entered
from tests.api import Api
from tests.factories import UserFactory
from tests.sso import arriving
from tests.sso.scim.provider import Provider


@pytest.fixture
def connection(club) -> arriving.Provider:
    found = arriving.Provider(club)
    found.prove()
    return found


def is_in(token: str) -> bool:
    return Api().get("/api/v1/me", token=token).status_code == 200


def is_refused(connection: arriving.Provider, subject: str, email: str | None = None) -> bool:
    """Tell whether somebody gets no further than the door."""
    with pytest.raises(Refused) as refusal:
        connection.come(Api(), subject, email)
    return refusal.value.word is Word.NOT_ADMITTED


def test_whoever_was_switched_off_does_not_come_in_until_they_are_switched_on(club, connection):
    provider = Provider(club)
    someone = provider.user(f"ada@{connection.domain}")
    entry = connection.brought(Api(), "ada")
    assert entry["user"]["id"] == str(ScimUser.objects.get().user_id)

    provider.switch(someone, active=False)
    assert not is_in(entry["access"])
    assert is_refused(connection, "ada")
    provider.switch(someone, active=True)
    assert is_in(connection.brought(Api(), "ada")["access"])


def test_whoever_was_provisioned_as_off_gets_no_account_by_coming(club, connection):
    someone = Provider(club).user(f"ada@{connection.domain}", active=False)

    assert is_refused(connection, "ada")
    assert ScimUser.objects.get(pk=someone["id"]).user is None


def test_whoever_proves_that_they_are_described_loses_their_place_with_it(club, connection):
    provider, ada = Provider(club), entered(UserFactory(email="ada@home.example"))
    someone = provider.user("ada@home.example", externalId="00u1")
    refused = connection.come(Api(), "00u1", "ada@home.example")
    assert refused.status_code == 409
    body = {"link_token": refused.json()["details"]["link_token"]}
    assert Api().post("/api/v1/me/identities", body, token=ada.access).status_code == 201
    assert ScimUser.objects.get(pk=someone["id"]).user == ada.user

    entry = connection.brought(Api(), "00u1", "ada@home.example")
    assert Session.objects.filter(connection_id=connection.connection.pk, ended_at=None).exists()
    provider.switch(someone, active=False)
    assert not is_in(entry["access"])
    assert is_in(ada.access)
    assert not Membership.objects.filter(organization_id=club.id, user=ada.user).exists()
    assert is_refused(connection, "00u1", "ada@home.example")


def test_groups_that_were_provisioned_give_their_role_to_whoever_arrives(club, connection):
    role = Role.objects.get(organization_id=club.id, name="viewer")
    GroupRole.objects.create(organization_id=club.id, group="Readers", role=role, position=1)
    provider = Provider(club)
    provider.group("Readers", provider.user("00u1"), provider.user("00u2"))
    entry = connection.brought(Api(), "00u1", f"ada@{connection.domain}")

    assert Membership.objects.get(user_id=entry["user"]["id"]).role == role
    assert ScimUser.objects.get(user_name="00u1").user_id == UUID(entry["user"]["id"])
