"""Groups of an identity provider, and the roles that they give."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership, Role, User
from audit.models import AuditRow
from sso.models import GroupRole, ScimMember
from tests.accounts.organizations import Club
from tests.races import at_once
from tests.sso.scim.provider import Provider, operated, proved, references


@pytest.fixture
def provider(club) -> Provider:
    proved(club, "engines.example")
    return Provider(club)


def gives(club: Club, group: str, role: str, position: int = 0) -> None:
    """Let a group give a role."""
    GroupRole.objects.create(
        organization_id=club.id,
        group=group,
        role=Role.objects.get(organization_id=club.id, name=role),
        position=position,
    )


def people(provider: Provider, *names: str) -> list[dict[str, Any]]:
    return [provider.user(f"{name}@engines.example") for name in names]


def roles(club: Club) -> dict[str, str]:
    """The roles of everybody but the owner, by the names before the @."""
    found = Membership.objects.filter(organization_id=club.id).exclude(user=club.owner.user)
    return {
        email.partition("@")[0]: role
        for email, role in found.values_list("user__email", "role__name")
    }


def members(provider: Provider, group: dict[str, Any]) -> set[str]:
    found = provider.get(f"/Groups/{group['id']}").json().get("members", [])
    return {each["value"] for each in found}


def test_a_role_comes_and_goes_with_the_group(club, provider):
    gives(club, "Admins", "admin")
    ada, bob = people(provider, "ada", "bob")
    group = provider.group("Admins", ada)
    assert roles(club) == {"ada": "admin", "bob": "member"}

    add = {"op": "Add", "path": "members", "value": references(bob)}
    remove = {"op": "Remove", "path": f'members[value eq "{ada["id"]}"]'}
    assert provider.patch("Groups", group, add, remove).status_code == 204
    assert roles(club) == {"ada": "member", "bob": "admin"}
    assert provider.send("DELETE", f"/Groups/{group['id']}").status_code == 204
    assert roles(club) == {"ada": "member", "bob": "member"}
    told = AuditRow.objects.filter(action="member.updated").order_by("pk")
    assert [row.changes["role"] for row in told] == [
        ["member", "admin"],
        *sorted([["admin", "member"], ["member", "admin"]]),
        ["admin", "member"],
    ]


def test_whoever_is_described_later_gets_the_role_of_their_group(club, provider):
    gives(club, "Viewers", "viewer")
    ada = provider.user("ada@engines.example", active=False)
    provider.group("Viewers", ada)
    provider.switch(ada, active=True)

    assert roles(club) == {"ada": "viewer"}


def test_of_several_roles_the_first_in_the_order_counts(club, provider):
    gives(club, "Viewers", "viewer", position=2)
    gives(club, "Admins", "admin", position=1)
    [ada] = people(provider, "ada")
    viewers = provider.group("Viewers", ada)
    admins = provider.group("Admins", ada)
    assert roles(club) == {"ada": "admin"}

    provider.send("DELETE", f"/Groups/{admins['id']}")
    assert roles(club) == {"ada": "viewer"}
    change = {"op": "replace", "value": {"id": viewers["id"], "displayName": "Readers"}}
    assert provider.patch("Groups", viewers, change).status_code == 204
    assert roles(club) == {"ada": "member"}


def test_groups_neither_make_owners_nor_unmake_them(club, provider):
    gives(club, "Owners", "owner", position=1)
    gives(club, "Viewers", "viewer", position=2)
    email = "owner@engines.example"
    User.objects.filter(pk=club.owner.user.pk).update(email=email, email_key=email)
    owner, ada = provider.user(email), provider.user("ada@engines.example")
    provider.group("Owners", ada)
    provider.group("Viewers", owner)

    assert roles(club) == {"ada": "member"}
    assert club.as_(club.owner, "GET", "/members").status_code == 200
    assert Membership.objects.get(user=club.owner.user).role.is_owner


def test_a_role_that_a_person_gave_since_outlives_the_group(club, provider):
    gives(club, "Viewers", "viewer")
    [ada] = people(provider, "ada")
    group = provider.group("Viewers", ada)
    user = User.objects.get(email_key="ada@engines.example")
    body = {"role": "admin"}
    assert club.as_(club.owner, "PATCH", f"/members/{user.pk}", body).status_code == 200
    provider.send("DELETE", f"/Groups/{group['id']}")

    assert roles(club) == {"ada": "admin"}


def test_members_are_replaced_removed_and_bound_to_this_organization(provider):
    ada, bob, eve = people(provider, "ada", "bob", "eve")
    group = provider.group("poets", ada, bob)
    replaced = {"op": "replace", "path": "members", "value": references(bob, eve)}
    assert provider.patch("Groups", group, replaced).status_code == 204
    assert members(provider, group) == {bob["id"], eve["id"]}

    by_value = {"op": "remove", "path": "members", "value": references(bob)}
    provider.patch("Groups", group, by_value)
    assert members(provider, group) == {eve["id"]}
    by_name = {"op": "remove", "path": 'members[display sw "EVE"]'}
    provider.patch("Groups", group, by_name)
    assert members(provider, group) == set()
    body = {"displayName": "poets", "members": [{"value": "nobody"}]}
    assert provider.send("PUT", f"/Groups/{group['id']}", body).status_code == 400


def test_members_are_told_as_much_as_is_asked_for(provider):
    [ada] = people(provider, "ada")
    group = provider.group("poets", ada)
    path = f"/Groups/{group['id']}"

    assert "members" not in provider.get(f"{path}?excludedAttributes=members").json()
    assert "members" not in provider.get(f"{path}?attributes=displayName").json()
    [member] = provider.get(f"{path}?attributes=members.display").json()["members"]
    assert member == {"display": "ada@engines.example"}
    [member] = provider.get(path).json()["members"]
    assert member == {"type": "User", "value": ada["id"], "$ref": ada["meta"]["location"]}


def test_a_thousand_operations_are_one_step(provider, django_assert_max_num_queries):
    everybody = people(provider, *(f"p{number}" for number in range(5)))
    group = provider.group("crowd")
    operations = [
        {"op": "add", "path": "members", "value": references(everybody[number % 5])}
        for number in range(1000)
    ]
    with django_assert_max_num_queries(40):
        assert provider.patch("Groups", group, *operations).status_code == 204

    assert ScimMember.objects.count() == 5
    too_many = operated(*operations, operations[0])
    answer = provider.send("PATCH", f"/Groups/{group['id']}", too_many)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany")


def test_groups_are_changed_deleted_and_told_in_the_trail(club, provider):
    group = provider.group("poets")
    provider.patch("Groups", group, {"op": "add", "path": "externalId", "value": "7"})
    provider.send("DELETE", f"/Groups/{group['id']}")

    told = AuditRow.objects.filter(organization_id=club.id, action__startswith="scim_group.")
    assert [row.action for row in told.order_by("pk")] == [
        "scim_group.created",
        "scim_group.updated",
        "scim_group.deleted",
    ]


def test_of_two_groups_with_one_name_made_at_once_there_is_one(provider):
    names = ("Poets", "POETS")
    answers = at_once(
        lambda number: provider.send("POST", "/Groups", {"displayName": names[number]}), times=2
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
