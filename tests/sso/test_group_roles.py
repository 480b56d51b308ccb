"""An organization says which roles the groups of its provider give."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Role
from audit.models import AuditRow
from sso.models import GroupRole
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.api import Api
from tests.audit.rows import told

PATH = "/sso/group-roles"


def lines(*given: tuple[Any, Any]) -> dict[str, Any]:
    return {"group_roles": [{"group": group, "role": role} for group, role in given]}


def put(club: Club, body: Any, *, by: Person | None = None) -> Any:
    return club.as_(by or club.owner, "PUT", PATH, body)


def shown(club: Club) -> Any:
    return club.as_(club.owner, "GET", PATH).json()


def test_lines_are_shown_in_their_order_and_replaced_as_a_whole(club):
    first, second = lines(("b", "admin"), ("a", "viewer")), lines(("a", "viewer"), ("b", "member"))
    for wanted in (first, second, second):
        assert put(club, wanted).json() == wanted
        assert shown(club) == wanted
    rows = AuditRow.objects.filter(action="group_roles.changed").order_by("id")
    assert [told(row).changes["groups"] for row in rows] == [
        [[], ["b: admin", "a: viewer"]],
        [["b: admin", "a: viewer"], ["a: viewer", "b: member"]],
    ]


def test_nobody_gives_by_a_group_or_takes_what_they_do_not_hold_themselves(club):
    clerk = club.holding("sso:read", "sso:write", "organization:read")
    for role in ("admin", "member"):
        answer = put(club, lines(("a", role)), by=clerk)
        assert (answer.status_code, answer.json()["error"]) == (403, "AUTHORIZATION_ERROR")
    assert put(club, lines(("a", "viewer")), by=clerk).status_code == 200
    assert put(club, lines(("a", "admin"))).status_code == 200
    assert put(club, lines(("a", "viewer")), by=clerk).status_code == 403
    assert shown(club) == lines(("a", "admin"))


def test_looking_and_changing_are_permissions_of_their_own(club):
    reader = club.holding("sso:read")
    assert club.as_(reader, "GET", PATH).status_code == 200
    assert put(club, lines(), by=reader).status_code == 403
    member = club.joined("member")
    assert club.as_(member, "GET", PATH).status_code == 403
    stranger = Club(Api()).owner
    assert club.as_(stranger, "GET", PATH).status_code == 404
    assert put(club, lines(), by=stranger).status_code == 404


def test_no_group_makes_owners(club):
    answer = put(club, lines(("a", "owner")))
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (422, ["group_roles"])


def test_roles_of_another_organization_are_not_there(club):
    Club(Api()).role("secret")
    answer = put(club, lines(("a", "secret")))
    assert answer.status_code == 422
    assert not GroupRole.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"group_roles": "a"},
        {"group_roles": [["a", "viewer"]]},
        {"group_roles": None},
        lines((["a"], "viewer")),
        lines(("a", ["viewer"])),
        lines(("a\n", "viewer")),
        lines(("\ud800", "viewer")),
        lines(("a" * 256, "viewer")),
        lines(("", "viewer")),
        lines(("a", "viewer"), ("a", "member")),
        lines(*((str(number), "viewer") for number in range(101))),
        {**lines(("a", "viewer")), "more": 1},
        {"group_roles": [{"group": "a", "role": "viewer", "more": 1}]},
    ],
)
def test_what_cannot_be_a_list_of_groups_is_refused(club, body):
    assert put(club, body).status_code in {400, 422}
    assert not GroupRole.objects.exists()


def test_a_hundred_lines_are_kept(club):
    wanted = lines(*((f"group {number}", "viewer") for number in range(100)))
    assert put(club, wanted).json() == wanted


def test_a_role_that_is_deleted_takes_its_lines_along(club):
    role_id = club.role("clerk")
    assert put(club, lines(("a", "clerk"), ("b", "viewer"))).status_code == 200
    assert club.as_(club.owner, "DELETE", f"/roles/{role_id}").status_code == 204
    assert not Role.objects.filter(pk=role_id).exists()
    assert shown(club) == lines(("b", "viewer"))
