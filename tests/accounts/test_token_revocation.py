"""What programs end (RFC 7009)."""

from __future__ import annotations

import pytest

from accounts.models import ApiKey
from audit.models import AuditRow
from tests.accounts.key_holders import REVOKE, made
from tests.accounts.organizations import Club
from tests.accounts.people import signed_in

ME = "/api/v1/me"


@pytest.fixture
def club(api) -> Club:
    return Club(api)


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_token_of_a_member_ends_the_session_it_came_from(api, club, kind):
    member, program = club.joined("member"), made(club, "tokens:revoke")
    other = signed_in(api, user=member.user)
    answer = program.revoke(getattr(member, kind))
    assert (answer.status_code, answer.content) == (200, b"")
    assert api.get(ME, token=member.access).json()["error"] == "SESSION_ENDED"
    body = {"refresh": member.refresh}
    assert api.post("/api/v1/auth/token/refresh", body).status_code == 401
    assert api.get(ME, token=other.access).status_code == 200
    row = AuditRow.objects.get(action="token.revoked")
    assert (row.actor_kind, row.actor_id) == ("api_key", program.id)
    assert str(row.session_id) == member.session_id
    assert AuditRow.objects.filter(action="session.ended", actor_id=program.id).count() == 1


def test_a_spent_refresh_token_ends_its_session_as_well(api, club):
    member, program = club.joined("member"), made(club, "tokens:revoke")
    fresh = api.post("/api/v1/auth/token/refresh", {"refresh": member.refresh}).json()["access"]
    assert program.revoke(member.refresh).status_code == 200
    assert api.get(ME, token=fresh).status_code == 401


def test_what_a_key_may_not_end_goes_on_and_the_answer_does_not_tell(api, club):
    program, other = made(club, "tokens:revoke"), Club(api)
    theirs, stranger = made(other), signed_in(api)
    forged = stranger.refresh[:-6] + "AAAAAA"
    for token in ("x", forged, stranger.access, other.owner.refresh, theirs.text):
        answer = program.revoke(token)
        assert (answer.status_code, answer.content) == (200, b"")
    assert api.get(ME, token=stranger.access).status_code == 200
    assert api.get(ME, token=other.owner.access).status_code == 200
    assert theirs.works()
    assert not AuditRow.objects.filter(action="token.revoked").exists()


def test_a_key_ends_another_of_its_organization(club):
    program, leaked = made(club, "tokens:revoke"), made(club)
    assert leaked.works()
    assert program.revoke(leaked.text).status_code == 200
    assert not leaked.works()
    row = AuditRow.objects.get(action="api_key.deleted")
    assert (row.actor_kind, row.target_id) == ("api_key", leaked.id)


def test_a_former_secret_ends_alone(club):
    program, rotated = made(club, "tokens:revoke"), made(club)
    fresh = rotated.rotate().json()["key"]
    assert program.revoke(rotated.text).status_code == 200
    assert [rotated.works(text) for text in (rotated.text, fresh)] == [False, True]
    assert rotated.row.former_ends_at is None


def test_every_key_may_end_itself_and_without_the_scope_nothing_else(api, club):
    program, other, member = made(club), made(club), club.joined("member")
    for token in (other.text, member.access, "x"):
        answer = program.revoke(token)
        assert (answer.status_code, answer.json()["error"]) == (403, "INSUFFICIENT_SCOPE")
    assert other.works()
    assert api.get(ME, token=member.access).status_code == 200
    assert AuditRow.objects.filter(action="token.revoked", outcome="refused").count() == 3
    assert program.revoke(program.text).status_code == 200
    assert not program.works()
    assert ApiKey.objects.count() == 1


def test_forms_are_read_and_people_are_not_let_in(api, club):
    program, member = made(club, "tokens:revoke"), club.joined("member")
    assert program.form(REVOKE, token=member.refresh).status_code == 200
    assert api.get(ME, token=member.access).status_code == 401
    assert api.post(REVOKE, {"token": "x"}, token=club.owner.access).status_code == 401
    assert api.post(REVOKE, {"token": ["x"]}, token=program.text).status_code == 422
