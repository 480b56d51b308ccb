"""API keys as members manage them: made, listed, changed and deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.rules import api_key_texts
from accounts.services import api_keys, erasures
from audit.models import AuditRow
from plinto.kernel.crypto import token_digest
from tests.accounts.key_holders import made
from tests.accounts.organizations import ORGANIZATIONS, Club
from tests.accounts.people import signed_in
from tests.audit.rows import told
from tests.journeys.waiting import eventually


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def listed(club, person=None, query=""):
    answer = club.as_(person or club.owner, "GET", f"/api-keys{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def days_from_now(days):
    return (timezone.now() + timedelta(days=days)).isoformat()


def actions(club):
    rows = AuditRow.objects.filter(organization_id=club.id, action__startswith="api_key.")
    return list(rows.order_by("occurred_at", "pk").values_list("action", "outcome"))


def test_a_key_is_shown_once_and_kept_as_a_digest(club):
    program = made(club, "tokens:introspect", "tokens:revoke")
    assert api_key_texts.is_whole(program.text)
    assert bytes(program.row.digest) == token_digest(program.text)
    page = club.as_(club.owner, "GET", "/api-keys")
    [shown] = page.json()["results"]
    assert (shown["hint"], shown["last_used_at"]) == (program.text[:8], None)
    assert shown["made_by"]["email"] == club.owner.user.email
    assert program.text[8:] not in page.content.decode()
    assert program.works()


def test_a_key_that_says_no_end_gets_the_latest_there_may_be(club):
    end = datetime.fromisoformat(listed_end(club, made(club)))
    assert timedelta(days=364) < end - timezone.now() <= timedelta(days=365)
    with override_settings(API_KEY_MAX_DAYS=0):
        assert listed_end(club, made(club)) is None


def listed_end(club, program):
    [shown] = [each for each in listed(club)["results"] if each["id"] == program.id]
    return shown["expires_at"]


def test_a_key_is_refused_from_the_moment_it_ends(club):
    past = made(club)
    ApiKey.objects.filter(pk=past.id).update(expires_at=timezone.now())
    answer = past.ask("nothing")
    assert (answer.status_code, answer.json()["error"]) == (401, "API_KEY_INVALID")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    ending = made(club, expires_at=(timezone.now() + timedelta(seconds=1)).isoformat())
    # Its copy was made while it lived.
    ending.works()
    eventually(lambda: not ending.works(), seconds=30)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": "tokens:introspect"}, {"scopes": []}, {"scopes": ["*"]},
        {"scopes": ["tokens:write"]}, {"scopes": [["tokens:introspect"]]}, {"name": ["x"]},
        {"name": ""}, {"name": "a\nb"}, {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00Z"}, {"expires_at": ["2027-01-01"]},
        {"expires_at": "soon"}, {"key": "plk_mine"}, {"made_by": None},
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(club, wrong):
    body = {"name": "Billing", "scopes": ["tokens:introspect"], **wrong}
    answer = club.as_(club.owner, "POST", "/api-keys", body)
    assert answer.status_code == 422
    [field] = answer.json()["details"]["fields"]
    assert field.split(".")[0] == next(iter(wrong))
    assert not ApiKey.objects.exists()


def test_nobody_gives_a_key_more_than_they_hold(club):
    keeper = club.holding("api_keys:*", "tokens:introspect")
    body = {"name": "x", "scopes": ["tokens:introspect", "tokens:revoke"]}
    assert club.as_(keeper, "POST", "/api-keys", body).status_code == 403
    body["scopes"] = ["tokens:*"]
    assert club.as_(keeper, "POST", "/api-keys", body).status_code == 403
    assert made(club, "tokens:introspect", by=keeper).works()
    assert actions(club) == [("api_key.created", "refused")] * 2 + [("api_key.created", "success")]


def test_whoever_may_only_read_keys_changes_none(club):
    program, reader = made(club), club.holding("api_keys:read", "tokens:*")
    assert len(listed(club, reader)["results"]) == 1
    assert club.as_(club.joined("member"), "GET", "/api-keys").status_code == 403
    body = {"name": "x", "scopes": ["tokens:introspect"]}
    assert club.as_(reader, "POST", "/api-keys", body).status_code == 403
    for refused in (
        program.change(reader, name="x"),
        program.rotate(reader),
        program.delete(reader),
    ):
        assert refused.status_code == 403
    assert program.works()


def test_what_a_key_gains_its_changer_must_hold_and_what_it_loses_they_need_not(club):
    program = made(club, "tokens:*", "invoices:read", expires_at=days_from_now(5))
    keeper = club.holding("api_keys:*", "tokens:introspect")
    assert program.change(keeper, scopes=["tokens:*", "invoices:write"]).status_code == 403
    assert program.change(keeper, expires_at=days_from_now(9)).status_code == 403
    assert program.change(keeper, expires_at=days_from_now(3)).status_code == 200
    assert program.rotate(keeper).status_code == 403
    narrowed = program.change(keeper, scopes=["invoices:read"], name="Less")
    assert (narrowed.json()["scopes"], narrowed.json()["name"]) == (["invoices:read"], "Less")
    assert program.ask("nothing").status_code == 403
    row = AuditRow.objects.filter(action="api_key.updated", outcome="success").latest("pk")
    assert row.changes["scopes"] == [["invoices:read", "tokens:*"], ["invoices:read"]]


def test_a_key_goes_on_when_its_maker_leaves_and_ends_when_somebody_deletes_it(club):
    maker = club.joined("admin")
    program = made(club, by=maker)
    assert club.remove(club.owner, maker).status_code == 204
    assert program.works()
    User.objects.filter(pk=maker.user.pk).delete()
    assert listed(club)["results"][0]["made_by"] is None
    assert program.works()
    assert program.delete().status_code == 204
    assert not program.works()
    assert program.delete().status_code == 404
    assert actions(club)[-2:] == [("api_key.deleted", "success"), ("api_key.deleted", "refused")]


def test_a_key_outlives_the_erasure_of_its_maker(api, club):
    maker = club.joined("admin")
    program = made(club, by=maker)
    assert program.works()
    User.objects.filter(pk=maker.user.pk).update(erase_at=timezone.now())
    assert erasures.erase_due(timezone.now()) == 1
    assert listed(club)["results"][0]["made_by"] is None
    assert program.works()


def test_a_key_called_by_an_address_leaves_the_address_out_of_what_the_trail_tells_all(club):
    programs = [made(club, "tokens:*", name="for ada@example.com") for _ in range(3)]
    assert programs[0].revoke(programs[1].text).status_code == 200
    assert programs[0].change(name="for bob@example.com").status_code == 200
    assert programs[0].revoke(programs[0].text).status_code == 200
    assert programs[2].delete().status_code == 204
    rows = AuditRow.objects.filter(action__startswith="api_key.")
    assert rows.count() == 7
    assert not [row for row in rows if "@" in f"{row.personal} {row.changes}"]
    row = rows.filter(action="api_key.deleted", actor_kind="api_key").first()
    assert told(row).target_label.startswith("plk_")


def test_the_keys_of_an_organization_end_with_it(club):
    program = made(club)
    assert program.works()
    assert club.as_(club.owner, "DELETE").status_code == 204
    assert not program.works()
    assert not ApiKey.objects.exists()


def test_a_stranger_cannot_tell_a_key_of_another_organization_from_none(api, club):
    program, other = made(club), Club(api)
    nobody = "01900000-0000-7000-8000-000000000000"
    for method, tail, body in [("PATCH", "", {"name": "x"}), ("DELETE", "", None),
                               ("POST", "/rotate", {})]:  # fmt: skip
        answers = [
            api.send(method, f"{base}/api-keys/{key}{tail}", body, token=other.owner.access)
            for base, key in [(club.path, program.id), (other.path, program.id),
                              (f"{ORGANIZATIONS}/{nobody}", program.id), (other.path, nobody)]
        ]  # fmt: skip
        assert {answer.status_code for answer in answers} == {404}
        assert len({str({**answer.json(), "request_id": ""}) for answer in answers}) == 1
    assert club.as_(other.owner, "GET", "/api-keys").status_code == 404
    assert api.get(f"{club.path}/api-keys").status_code == 401
    assert program.works()


def test_an_organization_has_a_hundred_keys_at_most(club):
    made(club)
    row = ApiKey.objects.get()
    ApiKey.objects.bulk_create(
        ApiKey(
            organization_id=club.id, name="x", digest=number.to_bytes(32), created_at=row.created_at
        )
        for number in range(1, api_keys.MOST)
    )
    body = {"name": "one more", "scopes": ["tokens:introspect"]}
    assert club.as_(club.owner, "POST", "/api-keys", body).status_code == 409


def test_a_list_of_many_keys_costs_what_a_list_of_one_does(club):
    def cost():
        listed(club)  # what the person may do is known from here on
        with CaptureQueriesContext(
            connection,
        ) as found:
            listed(club)
        return len(found)

    made(club)
    before = cost()
    makers = [club.joined("admin") for _ in range(3)]
    newest = [made(club, by=each).id for each in makers][::-1]
    assert cost() == before
    first = listed(club, query="?limit=2")
    rest = listed(club, query=f"?limit=2&cursor={first['next']}")
    assert [each["id"] for each in first["results"] + rest["results"]][:3] == newest


def test_times_are_told_in_utc(club):
    end = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    made(club, expires_at=end.astimezone(timezone.get_fixed_timezone(120)).isoformat())
    [shown] = listed(club)["results"]
    assert shown["expires_at"] == end.isoformat().replace("+00:00", "Z")


def test_a_person_who_left_manages_no_keys(api, club):
    program, admin = made(club), club.joined("admin")
    assert club.remove(club.owner, admin).status_code == 204
    assert program.delete(admin).status_code == 404
    assert program.delete(signed_in(api)).status_code == 404
    assert program.works()
