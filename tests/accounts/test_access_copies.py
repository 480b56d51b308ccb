"""Permissions come from copies, and no copy outlives what it says."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Organization
from accounts.services import access
from accounts.services.access import Access, RBACService
from plinto.dependencies import get_rbac_service
from plinto.kernel import services
from resilience import copies
from tests.accounts.organizations import Club
from tests.accounts.people import Person


@pytest.fixture
def club(api, redis_server) -> Club:
    return Club(api)


def asked_of_rows(club: Club, person: Person) -> bool:
    """Ask once for a permission, and tell whether the membership's row was read."""
    with CaptureQueriesContext(connection) as found:
        club.may(person, "members:read")
    return any("accounts_membership" in each["sql"] for each in found)


def test_the_row_of_a_member_is_read_once_and_then_a_copy_answers(club):
    bob, other = club.joined("member"), club.joined("member")
    assert asked_of_rows(club, bob) is True
    assert asked_of_rows(club, bob) is False
    # What becomes of others leaves the copy of this one as it is.
    assert club.promote(club.owner, other, "viewer").status_code == 200
    assert asked_of_rows(club, bob) is False


def test_a_changed_role_is_read_anew_for_all_who_have_it(club):
    role = club.role("clerk", "members:read")
    clerks = [club.joined("clerk") for _ in range(2)]
    for each in clerks:
        assert club.may(each, "members:read") is True
    body = {"permissions": ["roles:read"]}
    assert club.as_(club.owner, "PATCH", f"/roles/{role}", body).status_code == 200
    assert [club.may(each, "members:read") for each in clerks] == [False, False]
    assert [asked_of_rows(club, each) for each in clerks] == [False, False]


def test_whoever_comes_back_gets_what_they_hold_now(club):
    bob = club.joined("admin")
    assert club.may(bob, "members:write") is True
    assert club.remove(club.owner, bob).status_code == 204
    assert club.as_(bob, "GET").status_code == 404
    club.joined("viewer", person=bob)
    assert club.may(bob, "members:write") is False
    assert asked_of_rows(club, bob) is False


def test_a_copy_that_was_made_before_a_change_and_arrives_after_it_is_not_believed(club):
    bob = club.joined("admin")
    key = access._member_key(club.id, bob.user.pk)
    before = Organization.objects.get(pk=club.id)
    assert club.remove(club.owner, bob).status_code == 204
    late = {"role": "admin", "permissions": ["*"], "epoch": before.epoch}
    copies.fill(key, version=before.changes, facts=late, lifetime=access.COPY_LIFETIME)
    assert club.as_(bob, "GET", "/members").status_code == 404


def test_a_deleted_organization_is_gone_although_copies_of_its_members_are_left(club):
    bob = club.joined("admin")
    assert club.may(bob, "members:write") is True
    assert club.as_(club.owner, "DELETE").status_code == 204
    [member] = copies.read(access._member_key(club.id, bob.user.pk))
    assert member is not None
    assert club.as_(bob, "GET", "/members").status_code == 404


def test_without_redis_the_row_answers(club, redis_server):
    bob = club.joined("member")
    assert club.may(bob, "members:read") is True
    redis_server.kill()
    assert club.promote(club.owner, bob, "viewer").status_code == 200
    assert club.may(bob, "members:read") is False


def test_a_deployment_may_bring_its_own_judge(club):
    class Generous(RBACService):
        def access(self, who, organization_id, *, now) -> Access:
            return Access(organization_id, "owner", ("*",))

    bob = club.joined("viewer")
    assert club.as_(bob, "GET", "/members").status_code == 403
    with services.override(RBACService, Generous()):
        assert club.as_(bob, "GET", "/members").status_code == 200
    assert type(get_rbac_service()) is RBACService
    assert Membership.objects.count() == 2
