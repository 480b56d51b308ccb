"""An organization asks its members for a second factor."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from accounts.services import access
from audit.models import AuditRow
from tests.accounts.organizations import Club
from tests.accounts.phones import MFA, enrolled

ASKED = {"policy": {"require_mfa": True}}


@pytest.fixture
def club(api) -> Club:
    owner, _ = enrolled(api)
    return Club(api, owner)


def let_the_grace_pass(club: Club) -> None:
    """Move the deadline into the past, and let every copy of it be read anew."""
    row = Organization.objects.get(pk=club.id)
    Organization.objects.filter(pk=club.id).update(
        mfa_required_from=timezone.now(), changes=row.changes + 1, epoch=row.changes + 1
    )
    access.forget_everybody(club.id, version=row.changes)


def refused(answer) -> bool:
    """Tell whether a second factor was asked for; anything else must have been a success."""
    if answer.status_code == 403:
        return answer.json()["error"] == "SECOND_FACTOR_REQUIRED"
    assert answer.status_code < 300, answer.content
    return False


@pytest.mark.asvs("6.3.3")
def test_members_without_a_second_factor_are_refused_after_the_grace(api, club):
    admin = club.joined("admin")
    answer = club.as_(club.owner, "PATCH", "", ASKED)
    policy = answer.json()["policy"]
    left = datetime.fromisoformat(policy["mfa_required_from"]) - timezone.now()
    assert (policy["require_mfa"], left > timedelta(days=6)) == (True, True)
    assert not refused(club.as_(admin, "GET", "/members"))
    let_the_grace_pass(club)
    role = {"name": "clerk", "permissions": []}
    assert refused(club.as_(admin, "GET", "/members"))
    assert refused(club.as_(admin, "GET"))
    assert refused(club.as_(admin, "POST", "/roles", role))
    assert refused(club.as_(admin, "GET", "/permissions/check?permission=members:read"))
    assert not refused(club.as_(club.owner, "GET", "/members"))
    assert AuditRow.objects.filter(reason="no second factor", outcome="refused").count() == 1


def test_a_factor_that_is_added_counts_at_once(api, club):
    assert club.as_(club.owner, "PATCH", "", ASKED).status_code == 200
    bob = club.joined("member")
    let_the_grace_pass(club)
    assert refused(club.as_(bob, "GET", "/members"))
    bob, _ = enrolled(api, user=bob.user)
    assert not refused(club.as_(bob, "GET", "/members"))


def test_a_factor_that_is_lost_counts_no_more_although_a_copy_knew_of_it(api, club):
    assert club.as_(club.owner, "PATCH", "", ASKED).status_code == 200
    let_the_grace_pass(club)
    person, _ = enrolled(api)
    bob = club.joined("member", person=person)
    for _ in range(2):
        assert not refused(club.as_(bob, "GET", "/members"))
    assert api.delete(f"{MFA}/totp", token=bob.access).status_code == 204
    assert refused(club.as_(bob, "GET", "/members"))


def test_who_has_no_second_factor_may_still_leave(club):
    bob = club.joined("member")
    assert club.as_(club.owner, "PATCH", "", ASKED).status_code == 200
    let_the_grace_pass(club)
    assert refused(club.as_(bob, "GET", "/members"))
    assert club.remove(bob, bob).status_code == 204


def test_only_who_has_a_second_factor_asks_others_for_one(api):
    club = Club(api)
    answer = club.as_(club.owner, "PATCH", "", {**ASKED, "name": "Renamed"})
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")
    assert club.as_(club.owner, "GET").json()["name"] == "Analytical Engines"


def test_asking_again_does_not_prolong_the_grace_and_taking_it_back_ends_it(club):
    bob = club.joined("member")
    first = club.as_(club.owner, "PATCH", "", ASKED).json()["policy"]
    assert club.as_(club.owner, "PATCH", "", ASKED).json()["policy"] == first
    let_the_grace_pass(club)
    assert refused(club.as_(bob, "GET", "/members"))
    taken_back = club.as_(club.owner, "PATCH", "", {"policy": {"require_mfa": False}})
    policy = taken_back.json()["policy"]
    assert (policy["require_mfa"], policy["mfa_required_from"]) == (False, None)
    assert not refused(club.as_(bob, "GET", "/members"))
    rows = AuditRow.objects.filter(action="organization.updated", outcome="success")
    assert [list(row.changes) for row in rows] == [["mfa_required_from"]] * 2


@pytest.mark.parametrize(
    "policy", [[], "x", {"require_mfa": "yes"}, {"require_mfa": [True]}, {"require_x": True}]
)
def test_a_policy_that_makes_no_sense_is_refused(api, policy):
    club = Club(api)
    assert club.as_(club.owner, "PATCH", "", {"policy": policy}).status_code == 422
