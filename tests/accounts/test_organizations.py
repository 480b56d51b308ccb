"""Organizations: made, shown to their members, renamed and deleted."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Organization, Role, User
from accounts.services import standing
from audit.models import AuditRow
from tests.accounts.organizations import ORGANIZATIONS, Club
from tests.accounts.people import signed_in
from tests.races import at_once

MINE = "/api/v1/me/organizations"


def actions(organization) -> list[tuple[str, str]]:
    rows = AuditRow.objects.filter(organization_id=organization).order_by("occurred_at", "pk")
    return list(rows.values_list("action", "outcome"))


def test_whoever_makes_an_organization_owns_it(api):
    ada = signed_in(api)
    answer = api.post(ORGANIZATIONS, {"name": " Engines ", "slug": "EnGines"}, token=ada.access)
    made = answer.json()
    assert answer.status_code == 201
    assert (made["name"], made["slug"], made["role"]["name"]) == ("Engines", "engines", "owner")
    assert api.get(ORGANIZATIONS, token=ada.access).json() == {"results": [made], "next": None}
    [mine] = api.get(MINE, token=ada.access).json()["results"]
    assert mine["organization"] == {name: made[name] for name in ("id", "name", "slug")}
    assert mine["permissions"] == ["*"]
    assert actions(made["id"]) == [("organization.created", "success")]


def test_a_slug_is_taken_once_whatever_its_case(api):
    club = Club(api)
    bob = signed_in(api)
    again = api.post(ORGANIZATIONS, {"name": "x", "slug": club.slug.upper()}, token=bob.access)
    assert (again.status_code, again.json()["error"]) == (409, "SLUG_TAKEN")
    other = Club(api, bob)
    renamed = other.as_(bob, "PATCH", "", {"slug": club.slug})
    assert (renamed.status_code, renamed.json()["error"]) == (409, "SLUG_TAKEN")
    assert AuditRow.objects.filter(reason="slug taken", outcome="refused").count() == 2


def test_of_ten_who_want_one_slug_at_once_one_gets_it(api):
    ada = signed_in(api)
    body = {"name": "x", "slug": "wanted-by-all"}
    answers = at_once(
        lambda _: api.post(ORGANIZATIONS, body, token=ada.access).status_code, times=10
    )
    assert sorted(answers) == [201] + [409] * 9
    assert Organization.objects.count() == 1
    assert Role.objects.count() == 4


def test_one_person_makes_twenty_organizations_in_an_hour_at_most(api):
    ada = signed_in(api)
    for number in range(20):
        body = {"name": "x", "slug": f"one-of-{number}"}
        assert api.post(ORGANIZATIONS, body, token=ada.access).status_code == 201
    answer = api.post(ORGANIZATIONS, {"name": "x", "slug": "one-more"}, token=ada.access)
    assert (answer.status_code, answer.json()["error"]) == (429, "TOO_MANY_ATTEMPTS")


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "x"}, {"name": " ", "slug": "fine"}, {"name": ["x"], "slug": "fine"},
     {"name": "x", "slug": ["fine"]}, {"name": "x", "slug": "admin"},
     {"name": "x", "slug": "fine", "owner": "me"}, {"name": "a\u202eb", "slug": "fine"}],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(api, body):
    assert api.post(ORGANIZATIONS, body, token=signed_in(api).access).status_code == 422


def test_an_organization_is_renamed_by_whoever_may(api):
    club = Club(api)
    admin, member = club.joined("admin"), club.joined("member")
    assert club.as_(member, "PATCH", "", {"name": "Mine"}).status_code == 403
    answer = club.as_(admin, "PATCH", "", {"name": "Ours", "slug": "ours"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Ours")
    assert club.as_(member, "GET").json()["slug"] == "ours"
    row = AuditRow.objects.get(action="organization.updated", outcome="success")
    assert row.changes["slug"] == [club.slug, "ours"]


def test_whoever_may_not_read_the_organization_is_refused(api):
    club = Club(api)
    assert club.as_(club.joined("viewer"), "GET").status_code == 200
    assert club.as_(club.holding("invoices:read"), "GET").status_code == 403


def test_only_who_may_delete_it_deletes_it_and_then_it_gives_nothing(api):
    club = Club(api)
    admin = club.joined("admin")
    assert club.as_(admin, "DELETE").status_code == 403
    assert club.may(admin, "members:write")
    assert club.as_(club.owner, "DELETE").status_code == 204
    for person in (admin, club.owner):
        assert club.as_(person, "GET", "/permissions/check?permission=a:b").status_code == 404
        assert club.as_(person, "GET", "/members").status_code == 404
        assert api.get(MINE, token=person.access).json()["results"] == []
    assert not Membership.objects.exists()
    assert actions(club.id)[-2:] == [
        ("organization.deleted", "refused"),
        ("organization.deleted", "success"),
    ]


REQUESTS = [
    ("GET", "", None),
    ("PATCH", "", {"name": "Theirs"}),
    ("DELETE", "", None),
    ("GET", "/members", None),
    ("PATCH", "/members/{owner}", {"role": "viewer"}),
    ("DELETE", "/members/{owner}", None),
    ("GET", "/roles", None),
    ("POST", "/roles", {"name": "spy", "permissions": ["a:b"]}),
    ("GET", "/permissions/check?permission=members:read", None),
]
NOBODY = "01900000-0000-7000-8000-000000000000"
RECORDED = {
    "organization.updated",
    "organization.deleted",
    "member.updated",
    "member.removed",
    "role.created",
}


def test_a_stranger_cannot_tell_an_organization_from_none(api):
    club, stranger = Club(api), signed_in(api)
    for method, path, body in REQUESTS:
        there = path.format(owner=club.owner.user.pk)
        real = club.as_(stranger, method, there, body)
        nowhere = api.send(method, f"{ORGANIZATIONS}/{NOBODY}{there}", body, token=stranger.access)
        assert real.status_code == nowhere.status_code == 404, (method, path)
        assert {**real.json(), "request_id": ""} == {**nowhere.json(), "request_id": ""}
    assert set(actions(club.id)[1:]) == {(each, "refused") for each in RECORDED}


def test_nobody_is_let_in_without_a_session(api):
    club = Club(api)
    for method, path, body in REQUESTS:
        there = path.format(owner=club.owner.user.pk)
        assert api.send(method, club.path + there, body).status_code == 401, (method, path)


def test_lists_cost_the_same_whatever_their_length(api):
    club = Club(api)
    ada = club.owner

    def cost(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert api.get(path, token=ada.access).status_code == 200
        return len(found)

    paths = [ORGANIZATIONS, MINE, f"{club.path}/members", f"{club.path}/roles"]
    before = [cost(path) for path in paths]
    for number in range(5):
        Club(api, ada)
        club.role(f"role-{number}", "invoices:read")
        club.joined()
    # Whether copies spare the session and the member a query each depends on their age.
    more = [cost(path) - known for path, known in zip(paths, before, strict=True)]
    assert max(more) <= 2, more


def test_lists_go_on_where_a_page_ended(api):
    club = Club(api)
    people = [club.joined() for _ in range(3)]
    first = club.as_(club.owner, "GET", "/members?limit=2").json()
    rest = club.as_(club.owner, "GET", f"/members?limit=2&cursor={first['next']}").json()
    shown = [each["user"]["id"] for each in first["results"] + rest["results"]]
    assert shown == [str(p.user.pk) for p in (*reversed(people), club.owner)]
    assert rest["next"] is None


def test_a_person_who_was_switched_off_may_nothing(api):
    club = Club(api)
    admin = club.joined("admin")
    User.objects.filter(pk=admin.user.pk).update(is_active=False, version=9)
    standing.refresh_person(admin.user.pk)
    assert club.as_(admin, "GET", "/members").status_code == 401
