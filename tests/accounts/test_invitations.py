"""Invitations: whom they let in, and whom not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import Invitation, Membership, OutboundMail, User
from accounts.services import invitations
from audit.models import AuditRow
from tests.accounts.organizations import Club
from tests.accounts.people import Person, signed_in, token_in
from tests.factories import UserFactory
from tests.races import at_once

ACCEPT = "/api/v1/invitations/accept"


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def invite(club: Club, by: Person, email: str, role: str = "member"):
    return club.as_(by, "POST", "/invitations", {"email": email, "role": role})


def invited(club: Club, letters, person: Person, role: str = "member") -> str:
    """Let the owner invite somebody, and return the token in their letter."""
    answer = invite(club, club.owner, person.user.email, role)
    assert answer.status_code == 201, answer.content
    return token_in(letters()[-1])


def accept(club: Club, person: Person, token: str):
    return club.api.post(ACCEPT, {"token": token}, token=person.access)


def refusals() -> set[str]:
    rows = AuditRow.objects.filter(action="invitation.accepted", outcome="refused")
    return set(rows.values_list("reason", flat=True))


def test_an_invitation_makes_its_reader_a_member(api, club, letters):
    answer = invite(club, club.owner, "Bob@Example.com", "admin")
    shown = answer.json()
    assert (answer.status_code, shown["role"]["name"]) == (201, "admin")
    assert club.as_(club.owner, "GET", "/invitations").json()["results"] == [shown]
    letter = letters()[-1]
    assert letter.to == ["Bob@example.com"]
    assert "Analytical\u200b Engines" in letter.body or "Analytical Engines" in letter.body
    bob = signed_in(api, user=UserFactory(email="bob@example.com"))
    joined = accept(club, bob, token_in(letter))
    assert (joined.status_code, joined.json()["role"]["name"]) == (200, "admin")
    assert club.may(bob, "members:write") is True
    assert club.as_(club.owner, "GET", "/invitations").json()["results"] == []
    done = AuditRow.objects.filter(action__startswith="invitation.", organization_id=club.id)
    assert [row.action for row in done.order_by("occurred_at")] == [
        "invitation.sent",
        "invitation.accepted",
    ]


def test_the_link_is_kept_as_a_digest_alone(api, club, letters):
    token = invited(club, letters, signed_in(api))
    kept = str([vars(row) for row in (*Invitation.objects.all(), *AuditRow.objects.all())])
    assert token not in kept
    assert token not in club.as_(club.owner, "GET", "/invitations").content.decode()
    assert not any(bytes(mail.sealed_context) for mail in OutboundMail.objects.all())


def test_every_token_that_opens_nothing_gets_one_answer(api, club, letters):
    bob, eve = signed_in(api), signed_in(api)
    token = invited(club, letters, bob)
    answers = [accept(club, eve, token), accept(club, bob, "pli_unknown")]
    assert accept(club, bob, token).status_code == 200
    assert club.remove(bob, bob).status_code == 204
    answers.append(accept(club, bob, token))
    late = invited(club, letters, bob)
    Invitation.objects.update(expires_at=timezone.now())
    answers.append(accept(club, bob, late))
    told = {(each.status_code, each.json()["error"], each.json()["message"]) for each in answers}
    assert told == {(404, "NOT_FOUND", "This invitation is not for you, was used, or has expired.")}
    assert refusals() == {
        "for another address",
        "no such invitation",
        "used, revoked or expired",
    }


def test_an_address_that_is_not_proved_opens_nothing(api, club, letters):
    bob = signed_in(api)
    token = invited(club, letters, bob)
    User.objects.filter(pk=bob.user.pk).update(email_verified_at=None)
    assert accept(club, bob, token).status_code == 404


def test_whoever_moved_to_another_address_does_not_take_the_invitation_along(api, club, letters):
    bob = signed_in(api)
    token = invited(club, letters, bob)
    User.objects.filter(pk=bob.user.pk).update(
        email="b@example.com", email_key="b@example.com", version=F("version") + 1
    )
    assert accept(club, bob, token).status_code == 404


def test_of_twenty_who_accept_at_once_one_becomes_a_member(api, club, letters):
    bob = signed_in(api)
    token = invited(club, letters, bob)
    statuses = at_once(lambda _: accept(club, bob, token).status_code, times=20)
    assert sorted(statuses) == [200] + [404] * 19
    assert Membership.objects.filter(user=bob.user).count() == 1


def test_an_invitation_gives_nothing_that_its_inviter_lost(api, club, letters):
    admin = club.joined("admin")
    people = [signed_in(api) for _ in range(3)]
    tokens = []
    for person in people:
        assert invite(club, admin, person.user.email, "admin").status_code == 201
        tokens.append(token_in(letters()[-1]))
    assert club.promote(club.owner, admin, "member").status_code == 200
    assert accept(club, people[0], tokens[0]).status_code == 404
    assert club.promote(club.owner, admin, "admin").status_code == 200
    assert accept(club, people[0], tokens[0]).status_code == 200
    User.objects.filter(pk=admin.user.pk).update(is_active=False)
    assert accept(club, people[1], tokens[1]).status_code == 404
    User.objects.filter(pk=admin.user.pk).update(is_active=True)
    assert club.remove(club.owner, admin).status_code == 204
    assert accept(club, people[2], tokens[2]).status_code == 404
    assert refusals() == {"inviter may not give this any more"}


def test_a_role_that_was_widened_since_needs_an_inviter_who_holds_it(api, club, letters):
    role = club.role("clerk", "members:read")
    admin, bob = club.joined("admin"), signed_in(api)
    assert invite(club, admin, bob.user.email, "clerk").status_code == 201
    token = token_in(letters()[-1])
    wide = {"permissions": ["members:read", "organization:delete"]}
    assert club.as_(club.owner, "PATCH", f"/roles/{role}", wide).status_code == 200
    assert accept(club, bob, token).status_code == 404
    assert club.as_(club.owner, "DELETE", f"/roles/{role}").json()["error"] == "ROLE_IN_USE"


def test_nobody_invites_to_more_than_they_hold(club):
    admin, helper, bob = club.joined("admin"), club.holding("members:write"), club.joined("member")
    assert invite(club, admin, "x@example.com", "owner").status_code == 403
    assert invite(club, helper, "x@example.com", "viewer").status_code == 403
    assert invite(club, bob, "x@example.com", "viewer").status_code == 403
    made = invite(club, club.owner, "x@example.com", "owner").json()
    assert club.as_(admin, "POST", f"/invitations/{made['id']}/resend", {}).status_code == 403
    assert club.as_(admin, "DELETE", f"/invitations/{made['id']}").status_code == 403
    refused = AuditRow.objects.filter(action="invitation.sent", outcome="refused")
    assert refused.count() == 3


def test_sending_again_voids_the_link_of_before(api, club, letters):
    bob = signed_in(api)
    first = invited(club, letters, bob)
    Invitation.objects.update(expires_at=timezone.now())
    [shown] = club.as_(club.owner, "GET", "/invitations").json()["results"]
    answer = club.as_(club.owner, "POST", f"/invitations/{shown['id']}/resend", {})
    assert answer.status_code == 200
    assert accept(club, bob, first).status_code == 404
    assert accept(club, bob, token_in(letters()[-1])).status_code == 200


def test_a_revoked_invitation_opens_nothing(api, club, letters):
    bob = signed_in(api)
    token = invited(club, letters, bob)
    [shown] = club.as_(club.owner, "GET", "/invitations").json()["results"]
    path = f"/invitations/{shown['id']}"
    assert club.as_(club.owner, "DELETE", path).status_code == 204
    assert accept(club, bob, token).status_code == 404
    assert club.as_(club.owner, "DELETE", path).status_code == 404
    assert club.as_(club.owner, "POST", f"{path}/resend", {}).status_code == 404
    assert accept(club, bob, invited(club, letters, bob)).status_code == 200


def test_an_address_is_invited_once_at_a_time_and_members_are_not(api, club, letters):
    bob = signed_in(api)
    token = invited(club, letters, bob)
    assert invite(club, club.owner, bob.user.email.upper()).status_code == 409
    Invitation.objects.update(expires_at=timezone.now())
    assert invite(club, club.owner, bob.user.email).status_code == 201
    assert accept(club, bob, token).status_code == 404
    assert accept(club, bob, token_in(letters()[-1])).status_code == 200
    assert invite(club, club.owner, bob.user.email).status_code == 409


def test_a_deleted_organization_takes_its_invitations_along(api, club, letters):
    bob = signed_in(api)
    token = invited(club, letters, bob)
    assert club.as_(club.owner, "DELETE").status_code == 204
    assert accept(club, bob, token).status_code == 404


def test_who_is_a_member_by_then_is_told_so(api, club, letters):
    bob = signed_in(api)
    token = invited(club, letters, bob)
    club.joined("viewer", person=bob)
    assert accept(club, bob, token).status_code == 409


def test_one_mailbox_gets_five_letters_in_an_hour_at_most(api, club, letters):
    made = invite(club, club.owner, "bob@example.com").json()
    for _ in range(6):
        path = f"/invitations/{made['id']}/resend"
        assert club.as_(club.owner, "POST", path, {}).status_code == 200
    assert len(letters()) == 5


def test_a_stranger_neither_sees_nor_sends_invitations(api, club):
    eve, made = signed_in(api), invite(club, club.owner, "bob@example.com").json()
    assert club.as_(eve, "GET", "/invitations").status_code == 404
    assert invite(club, eve, "eve@example.com").status_code == 404
    assert club.as_(eve, "DELETE", f"/invitations/{made['id']}").status_code == 404
    assert club.as_(club.joined("viewer"), "GET", "/invitations").status_code == 403
    other = Club(api, eve)
    assert other.as_(eve, "DELETE", f"/invitations/{made['id']}").status_code == 404
    assert api.post(ACCEPT, {"token": "pli_x"}).status_code == 401


@pytest.mark.parametrize(
    "body",
    [{}, {"email": ["a@example.com"], "role": "member"}, {"email": "nobody", "role": "member"},
     {"email": "a@example.com", "role": "king"}, {"email": "a@example.com", "role": ["member"]},
     {"email": "a@example.com", "role": "member", "token": "x"}],
)  # fmt: skip
def test_an_invitation_that_makes_no_sense_is_refused(club, body):
    assert club.as_(club.owner, "POST", "/invitations", body).status_code == 422


def test_what_ended_a_month_ago_is_cleared_away(club):
    invite(club, club.owner, "a@example.com")
    assert invitations.trim(now=timezone.now() + timedelta(days=36)) == 0
    assert invitations.trim(now=timezone.now() + timedelta(days=38)) == 1
