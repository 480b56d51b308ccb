"""What programs are told about tokens (RFC 7662)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization, User
from accounts.rules import api_key_texts
from tests.accounts.key_holders import INTROSPECT, made
from tests.accounts.organizations import Club
from tests.accounts.people import signed_in

INACTIVE = {"active": False}


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def test_an_access_token_of_a_member_is_described(club):
    member = club.joined("member")
    told = made(club).told(member.access)
    assert (
        told.items()
        >= {
            "active": True,
            "token_use": "access_token",
            "token_type": "Bearer",
            "scope": "organization:read members:read roles:read",
            "sub": str(member.user.pk),
            "username": member.user.email,
            "sid": member.session_id,
            "org": str(club.id),
            "iss": settings.PUBLIC_URL,
            "aud": settings.JWT_AUDIENCE,
        }.items()
    )
    assert told["exp"] - told["iat"] == settings.ACCESS_TOKEN_LIFETIME.total_seconds()
    assert told["jti"]


def test_a_member_who_lacks_the_factor_that_is_asked_of_all_may_nothing(club):
    member, program = club.joined("member"), made(club)
    past = timezone.now() - timedelta(seconds=1)
    Organization.objects.filter(pk=club.id).update(mfa_required_from=past)
    told = program.told(member.access)
    assert (told["active"], told["scope"]) == (True, "")


def test_a_refresh_token_is_told_apart_from_an_access_token(club):
    member = club.joined("member")
    told = made(club).told(member.refresh)
    assert (told["active"], told["token_use"]) == (True, "refresh_token")
    assert "token_type" not in told
    assert told["exp"] - told["iat"] == settings.SESSION_LIFETIME.total_seconds()


def test_a_refresh_token_that_was_spent_is_inactive(api, club):
    member, program = club.joined("member"), made(club)
    fresh = api.post("/api/v1/auth/token/refresh", {"refresh": member.refresh}).json()["refresh"]
    assert program.told(member.refresh) == INACTIVE
    assert program.told(fresh)["active"] is True


def test_a_key_of_the_organization_is_described_without_its_secret(club):
    program, other = made(club), made(club, "tokens:revoke", "invoices:read")
    told = program.told(other.text)
    assert (
        told.items()
        >= {
            "active": True,
            "token_use": "api_key",
            "scope": "invoices:read tokens:revoke",
            "client_id": other.id,
            "org": str(club.id),
        }.items()
    )
    assert told["exp"] > told["iat"]
    assert other.text not in str(told)
    other.delete()
    assert program.told(other.text) == INACTIVE


def test_a_person_in_two_organizations_has_in_each_what_they_may_there(api, club):
    other = Club(api)
    member = club.joined("viewer")
    other.joined("member", person=member)
    assert made(club).told(member.access)["scope"] == "organization:read"
    assert "members:read" in made(other).told(member.access)["scope"]


@pytest.mark.parametrize("redis_is", ["up", "dead"])
def test_what_ended_a_moment_ago_is_inactive(api, club, request, redis_is):
    program = made(club)
    out, removed, off = (club.joined("member") for _ in range(3))
    for person in (out, removed, off):
        assert program.told(person.access)["active"] is True
    if redis_is == "dead":
        request.getfixturevalue("redis_server").kill()
    assert api.post("/api/v1/auth/logout", {}, token=out.access).status_code == 204
    assert club.remove(club.owner, removed).status_code == 204
    User.objects.filter(pk=off.user.pk).update(is_active=False)
    for person in (out, removed, off):
        assert program.told(person.access) == INACTIVE
        assert program.told(person.refresh) == INACTIVE


def test_tokens_that_are_none_of_its_business_are_inactive_after_one_question(api, club):
    program, other = made(club), Club(api)
    stranger = signed_in(api)
    ended = club.joined("member")
    api.post("/api/v1/auth/logout", {}, token=ended.access)
    forged = stranger.access[:-6] + "AAAAAA"
    made_up = api_key_texts.spelled(uuid4().bytes * 2)
    tokens = ["x", "a.b.c", "é" * 9, forged, stranger.access, other.owner.refresh,
              ended.access, "plr_" + "A" * 86, made(other).text, made_up]  # fmt: skip
    costs = set()
    program.told("x")
    for token in tokens:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert program.told(token) == INACTIVE, token
        costs.add(sum(each["sql"].startswith("SELECT") for each in found))
    assert len(costs) == 1


def test_forms_are_read_as_oauth_libraries_send_them(club):
    program, member = made(club), club.joined("member")
    answer = program.form(INTROSPECT, token=member.access, token_type_hint="access_token")
    assert answer.json()["active"] is True
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"token=a&token=b", "", 400), (b"token=%ff", "", 400), (b"token=%00", "", 400),
        (b"token", "", 400), (b"&" * 30, "", 400), (b"\xff=1", "", 400),
        (b"token=a&x=1", "", 422), (b"token=", "", 422), (b"", "", 422),
        (b"token=a", "; charset=idna", 415), (b"token=a", "; charset=utf-8", 200),
    ],
)  # fmt: skip
def test_a_form_that_two_would_read_differently_is_refused(club, body, kind, status):
    content_type = f"application/x-www-form-urlencoded{kind}"
    answer = club.api.post(INTROSPECT, body, token=made(club).text, content_type=content_type)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "body",
    [{}, {"token": ["x"]}, {"token": ""}, {"token": "x" * 4097}, {"token": "x", "active": True},
     {"token": "x", "token_type_hint": ["y"]}],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(club, body):
    answer = club.api.post(INTROSPECT, body, token=made(club).text)
    assert (answer.status_code, answer.json()["error"]) == (422, "VALIDATION_ERROR")


def test_no_person_introspects(club):
    for token in (club.owner.access, None):
        assert club.api.post(INTROSPECT, {"token": "x"}, token=token).status_code == 401


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_what_a_token_of_a_session_is_worth_is_one_statement(club, kind):
    program, token = made(club), getattr(club.joined("member"), kind)
    program.told(token)
    with CaptureQueriesContext(connection) as asked:
        assert program.told(token)["active"] is True
    # Whose key it is that asks is another question.
    read = [each["sql"] for each in asked if "accounts_api_key" not in each["sql"]]
    assert len([sql for sql in read if "accounts_" in sql]) == 1
