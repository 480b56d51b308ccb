"""What place somebody gets in the organization whose provider vouches for them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Membership, Role, User
from audit.models import AuditRow
from sso.models import Connection, GroupRole
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.api import Api
from tests.audit.rows import told
from tests.factories import UserFactory
from tests.sso.arriving import Provider


@pytest.fixture
def provider(api) -> Provider:
    """A provider whose engineers are administrators and whose auditors look."""
    found = Provider(Club(api))
    found.prove()
    found.club.role("clerk")
    for position, (group, role) in enumerate([("engineers", "admin"), ("auditors", "viewer")]):
        GroupRole.objects.create(
            organization_id=found.club.id, group=group, role=named(found, role), position=position
        )
    return found


def named(provider: Provider, role: str) -> Role:
    return Role.objects.get(organization_id=provider.club.id, name=role)


def come(provider: Provider, *groups: str) -> str:
    """Come as Ada with these groups, and return her role."""
    entry = provider.brought(Api(), "ada", attributes={"groups": groups} if groups else {})
    mine = Membership.objects.filter(user_id=entry["user"]["id"], organization_id=provider.club.id)
    found = mine.select_related("role").first()
    return found.role.name if found else ""


def test_the_first_line_that_matches_gives_the_role(provider):
    assert come(provider, "auditors", "engineers", "cooks") == "admin"
    [joined] = AuditRow.objects.filter(action="member.joined")
    assert joined.organization_id == provider.club.id
    assert told(joined).changes == {"role": [None, "admin"]}


def test_groups_are_asked_again_at_each_arrival(provider):
    assert [come(provider, "engineers"), come(provider, "auditors")] == ["admin", "viewer"]
    [updated] = AuditRow.objects.filter(action="member.updated")
    assert told(updated).changes == {"role": ["admin", "viewer"]}
    assert come(provider, "cooks") == "viewer"
    assert come(provider) == "viewer"


def test_a_role_that_was_lowered_counts_at_the_next_request_of_every_session(provider):
    entry = provider.brought(Api(), "ada", attributes={"groups": ("engineers",)})
    ada = Person(User.objects.get(pk=entry["user"]["id"]), entry["access"], "", "")
    assert provider.club.may(ada, "members:write")
    come(provider, "auditors")
    assert provider.club.as_(ada, "GET", "/members").status_code == 403


def test_without_a_group_the_connection_says_which_role(provider):
    Connection.objects.filter(pk=provider.connection.pk).update(
        default_role=named(provider, "clerk")
    )
    assert come(provider) == "clerk"


def test_owners_are_changed_by_no_group_and_made_by_none(provider):
    owner = provider.club.owner.user
    User.objects.filter(pk=owner.pk).update(
        email=f"ada@{provider.domain}", email_key=f"ada@{provider.domain}"
    )
    assert come(provider, "auditors") == "owner"
    GroupRole.objects.filter(group="engineers").update(role=named(provider, "owner"))
    entry = provider.brought(Api(), "grace", attributes={"groups": ("engineers",)})
    assert Membership.objects.get(user_id=entry["user"]["id"]).role.name == "member"


def test_whoever_was_removed_comes_in_and_is_no_member(provider):
    assert come(provider, "engineers") == "admin"
    ada = User.objects.get(email=f"ada@{provider.domain}")
    assert provider.club.as_(provider.club.owner, "DELETE", f"/members/{ada.pk}").status_code == 204
    assert come(provider, "engineers") == ""


def test_groups_of_one_organization_say_nothing_in_another(provider):
    other = Provider(Club(Api()))
    other.prove()
    entry = other.brought(Api(), "ada", attributes={"groups": ("engineers",)})
    assert Membership.objects.get(user_id=entry["user"]["id"]).role.name == "member"


def test_somebody_who_is_a_member_already_keeps_their_place(provider):
    ada = UserFactory(email=f"ada@{provider.domain}")
    Membership.objects.create(
        organization_id=provider.club.id,
        user=ada,
        role=named(provider, "clerk"),
        created_at=timezone.now(),
    )
    assert come(provider) == "clerk"
