"""Who may change what about the members of an organization, and about its roles."""

from __future__ import annotations

import pytest

from accounts.models import Membership, Role
from audit.models import AuditRow
from tests.accounts.organizations import Club
from tests.accounts.people import signed_in
from tests.races import at_once


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def roles_of(club: Club) -> dict[str, str]:
    rows = Membership.objects.filter(organization_id=club.id)
    return {str(key): name for key, name in rows.values_list("user_id", "role__name")}


def test_members_are_shown_to_whoever_may_see_them(club):
    bob, viewer = club.joined("member"), club.joined("viewer")
    shown = club.as_(bob, "GET", "/members").json()["results"]
    assert [each["user"]["email"] for each in shown] == [
        viewer.user.email,
        bob.user.email,
        club.owner.user.email,
    ]
    assert [each["role"]["name"] for each in shown] == ["viewer", "member", "owner"]
    refused = club.as_(viewer, "GET", "/members")
    assert (refused.status_code, refused.json()["error"]) == (403, "AUTHORIZATION_ERROR")


def test_a_role_counts_from_the_next_request_on(club):
    bob = club.joined("member")
    assert club.may(bob, "members:write") is False
    assert club.promote(club.owner, bob, "admin").json()["role"]["name"] == "admin"
    assert club.may(bob, "members:write") is True
    assert club.promote(club.owner, bob, "viewer").status_code == 200
    assert club.may(bob, "members:read") is False
    row = AuditRow.objects.filter(action="member.updated").latest("occurred_at")
    assert row.changes == {"role": ["admin", "viewer"]}


def test_nobody_gives_a_role_that_holds_more_than_they_do(club):
    admin, bob = club.joined("admin"), club.joined("member")
    assert club.promote(admin, bob, "owner").status_code == 403
    assert club.promote(admin, admin, "owner").status_code == 403
    assert club.promote(admin, bob, "admin").status_code == 200
    helper = club.holding("members:write")
    assert club.promote(helper, bob, "viewer").status_code == 403
    assert roles_of(club)[str(bob.user.pk)] == "admin"
    refused = AuditRow.objects.filter(action="member.updated", outcome="refused")
    assert {row.reason for row in refused} == {"beyond own permissions"}


def test_nobody_touches_a_member_above_them(club):
    admin = club.joined("admin")
    assert club.promote(admin, club.owner, "viewer").status_code == 403
    assert club.remove(admin, club.owner).status_code == 403
    assert club.remove(club.holding("members:write"), admin).status_code == 403
    assert club.remove(admin, club.joined("admin")).status_code == 204


def test_whoever_lacks_the_permission_changes_nobody(club):
    bob, other = club.joined("member"), club.joined("viewer")
    assert club.promote(bob, other, "viewer").status_code == 403
    assert club.remove(bob, other).status_code == 403
    assert club.promote(bob, bob, "viewer").status_code == 403


def test_anybody_may_leave_and_is_a_stranger_then(club):
    bob = club.joined("viewer")
    assert club.remove(bob, bob).status_code == 204
    assert club.as_(bob, "GET").status_code == 404
    assert AuditRow.objects.get(action="member.removed").reason == "left"
    assert club.remove(club.owner, bob).status_code == 404


def test_the_last_owner_neither_leaves_nor_steps_down(club):
    for answer in (
        club.remove(club.owner, club.owner),
        club.promote(club.owner, club.owner, "admin"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (409, "LAST_OWNER")
    second = club.joined("owner")
    assert club.remove(club.owner, club.owner).status_code == 204
    assert club.remove(second, second).status_code == 409
    assert AuditRow.objects.filter(reason="last owner", outcome="refused").count() == 3


def test_an_owner_who_was_switched_off_does_not_count(club):
    second = club.joined("owner")
    type(second.user).objects.filter(pk=second.user.pk).update(is_active=False)
    assert club.remove(club.owner, club.owner).status_code == 409


def test_of_two_owners_who_step_down_twenty_times_at_once_one_stays(club):
    owners = [club.owner, club.joined("owner")]

    def step_down(number: int) -> int:
        return club.promote(owners[number % 2], owners[number % 2], "member").status_code

    statuses = at_once(step_down, times=20)
    assert sorted(statuses) == [200] + [403] * 9 + [409] * 10
    assert sorted(roles_of(club).values()) == ["member", "owner"]


def test_of_two_owners_who_leave_at_once_one_stays(club):
    owners = [club.owner, club.joined("owner")]
    for _ in range(5):
        answers = at_once(lambda n: club.remove(owners[n], owners[n]).status_code, times=2)
        assert sorted(answers) == [204, 409]
        club.joined("owner", person=owners[answers.index(204)])


def test_a_role_is_made_changed_and_deleted(club):
    made = club.as_(
        club.owner,
        "POST",
        "/roles",
        {"name": "clerk", "permissions": ["invoices:read", "invoices:*", "members:read"]},
    ).json()
    assert made["permissions"] == ["invoices:*", "members:read"]
    bob = club.joined("clerk")
    assert club.may(bob, "invoices:settle") is True
    path = f"/roles/{made['id']}"
    assert club.as_(club.owner, "PATCH", path, {"permissions": ["members:read"]}).status_code == 200
    assert club.may(bob, "invoices:settle") is False
    held = club.as_(club.owner, "DELETE", path)
    assert (held.status_code, held.json()["error"]) == (409, "ROLE_IN_USE")
    assert club.promote(club.owner, bob, "viewer").status_code == 200
    assert club.as_(club.owner, "DELETE", path).status_code == 204
    assert club.as_(club.owner, "DELETE", path).status_code == 404
    trail = AuditRow.objects.filter(action__startswith="role.", outcome="success")
    assert [row.action for row in trail.order_by("occurred_at", "pk")] == [
        "role.created",
        "role.updated",
        "role.deleted",
    ]


def test_built_in_roles_are_listed_and_stay_as_they_are(club):
    shown = club.as_(club.owner, "GET", "/roles").json()["results"]
    assert [each["name"] for each in shown] == ["owner", "admin", "member", "viewer"]
    path = f"/roles/{shown[3]['id']}"
    assert club.as_(club.owner, "PATCH", path, {"permissions": ["*"]}).status_code == 409
    assert club.as_(club.owner, "PATCH", path, {"name": "guest"}).status_code == 409
    assert club.as_(club.owner, "DELETE", path).status_code == 409


def test_nobody_makes_a_role_that_holds_more_than_they_do(club):
    admin = club.joined("admin")

    def make(name: str, *permissions: str) -> int:
        body = {"name": name, "permissions": permissions}
        return club.as_(admin, "POST", "/roles", body).status_code

    assert make("one", "*") == 403
    assert make("two", "organization:delete") == 403
    assert make("three", "organization:*") == 403
    assert make("four", "invoices:read") == 403
    assert make("five", "members:*", "organization:write") == 201


def test_nobody_widens_or_narrows_a_role_beyond_what_they_hold(club):
    admin, above = club.joined("admin"), club.role("above", "organization:delete", "members:read")
    mine = club.role("mine", "members:read")
    club.joined("mine", person=signed_in(club.api))
    for path, body in [
        (f"/roles/{mine}", {"permissions": ["members:read", "organization:delete"]}),
        (f"/roles/{above}", {"permissions": ["members:read"]}),
        (f"/roles/{above}", {"name": "below"}),
    ]:
        assert club.as_(admin, "PATCH", path, body).status_code == 403
    assert club.as_(admin, "DELETE", f"/roles/{above}").status_code == 403
    assert Role.objects.get(pk=above).permissions == ["members:read", "organization:delete"]


def test_a_role_of_another_organization_is_out_of_reach(club, api):
    other = Club(api)
    foreign = other.role("foreign", "members:read")
    assert club.as_(club.owner, "PATCH", f"/roles/{foreign}", {"name": "x"}).status_code == 404
    assert club.as_(club.owner, "DELETE", f"/roles/{foreign}").status_code == 404
    assert club.promote(club.owner, club.joined(), "foreign").status_code == 422
    assert club.promote(club.owner, other.owner, "member").status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "x"}, {"name": "Clerk", "permissions": []}, {"name": ["x"], "permissions": []},
     {"name": "x", "permissions": "members:read"}, {"name": "x", "permissions": [["a:b"]]},
     {"name": "x", "permissions": ["members:fly"]}, {"name": "x", "permissions": ["*:read"]},
     {"name": "x", "permissions": ["a:b"] * 51}, {"name": "x", "permissions": [], "builtin": True}],
)  # fmt: skip
def test_a_role_that_makes_no_sense_is_refused(club, body):
    assert club.as_(club.owner, "POST", "/roles", body).status_code == 422


@pytest.mark.parametrize("body", [{}, {"role": ["owner"]}, {"role": "nobody"}, {"role": 1}])
def test_a_member_gets_a_role_that_exists(club, body):
    path = f"/members/{club.joined().user.pk}"
    assert club.as_(club.owner, "PATCH", path, body).status_code == 422


def test_two_roles_cannot_share_a_name(club):
    club.role("clerk", "members:read")
    other = club.role("other", "members:read")
    body = {"name": "clerk", "permissions": []}
    assert club.as_(club.owner, "POST", "/roles", body).status_code == 409
    assert club.as_(club.owner, "PATCH", f"/roles/{other}", {"name": "owner"}).status_code == 409


def test_a_question_about_a_permission_must_make_sense(club):
    for query in ("", "?permission=", "?permission=members", "?permission=members:fly"):
        assert club.as_(club.owner, "GET", f"/permissions/check{query}").status_code == 422
