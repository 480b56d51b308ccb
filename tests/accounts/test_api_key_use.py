"""Requests with an API key: who is let in where, what that costs, and what ends it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey
from accounts.rules import api_key_texts
from accounts.services import api_key_standing, api_key_uses
from accounts.views.forward_auth import ForwardAuthView
from tests.accounts.door import Least
from tests.accounts.doors import DOORS
from tests.accounts.key_holders import EVERY_SCOPE, INTROSPECT, REVOKE, made
from tests.accounts.organizations import Club
from tests.accounts.test_limits import commands_during
from tests.journeys.waiting import eventually
from tests.project.test_routes import api_routes
from tests.races import at_once
from tests.servers.plugin import redis_key


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def statements(act):
    with CaptureQueriesContext(
        connection,
    ) as found:
        act()
    return [each["sql"] for each in found]


def a_text():
    """A key that nobody ever made."""
    return api_key_texts.spelled(bytes(range(32)))


def shape(answer):
    """What a client can tell one refusal from another by."""
    return answer.status_code, {**answer.json(), "request_id": ""}


def test_every_wrong_key_gets_one_answer(club):
    program, deleted = made(club), made(club)
    deleted.delete()
    texts = [a_text(), deleted.text, program.text[:-1], program.text + "0", "plk_", "x.y.z",
             program.text.swapcase(), club.owner.access, club.owner.refresh]  # fmt: skip
    assert len({str(shape(program.ask("x", key=text))) for text in texts}) == 1
    assert program.works()


def test_a_misspelled_key_is_refused_before_anything_is_looked_up(club):
    program = made(club)
    letter = "a" if program.text[20] != "a" else "b"
    wrong = program.text[:20] + letter + program.text[21:]
    seen = statements(lambda: program.ask("x", key=wrong))
    assert [each for each in seen if "accounts_" in each] == []
    assert any(
        "accounts_api_key" in each for each in statements(lambda: program.ask("x", key=a_text()))
    )


def test_a_key_that_is_known_costs_no_query_and_one_word_to_redis(club, redis_server):
    program = made(club)

    def asks_for_no_row() -> bool:
        # What Redis shows late, on a busy machine, is not believed.
        seen = statements(lambda: program.ask("x"))
        return not [each for each in seen if "api_key" in each]

    def asks_redis_once() -> bool:
        return commands_during(redis_server, lambda: program.ask("x")) == ["EVALSHA"]

    assert program.works()
    eventually(asks_for_no_row, seconds=30)
    eventually(asks_redis_once, seconds=30)


@pytest.mark.parametrize("harm", ["", "kill", "stall"])
def test_a_deleted_or_narrowed_key_is_refused_at_once_whatever_became_of_redis(
    club, redis_server, harm
):
    deleted, narrowed = made(club), made(club, "tokens:introspect", "invoices:read")
    assert deleted.works()
    assert narrowed.works()
    if harm:
        getattr(redis_server, harm)()
    assert deleted.delete().status_code == 204
    assert not deleted.works()
    assert narrowed.change(scopes=["invoices:read"]).status_code == 200
    assert narrowed.ask("x").status_code == 403


def test_a_copy_that_arrives_after_a_change_is_not_believed(club, redis_server):
    program, gone = made(club, "tokens:introspect", "invoices:read"), made(club)
    before = {each.pk: each for each in ApiKey.objects.all()}
    assert program.change(scopes=["invoices:read"]).status_code == 200
    assert gone.delete().status_code == 204
    for key in before.values():
        api_key_standing._fill(key, bytes(key.digest))
    assert program.ask("x").status_code == 403
    assert not gone.works()


def test_a_new_secret_works_at_once_and_the_one_before_it_until_its_overlap_ends(club):
    program = made(club)
    first = program.text
    assert program.works(first)
    answer = program.rotate(overlap_seconds=3600)
    second, shown = answer.json()["key"], answer.json()
    assert shown["hint"] == second[:8]
    assert program.works(first)
    assert program.works(second)
    third = program.rotate().json()["key"]
    assert [program.works(text) for text in (first, second, third)] == [False, True, True]
    ApiKey.objects.update(former_ends_at=timezone.now())
    [key] = ApiKey.objects.all()
    api_key_standing.refresh(key, before=key.version)
    assert [program.works(text) for text in (second, third)] == [False, True]


def test_a_rotation_without_overlap_ends_the_secret_at_once(club):
    program = made(club)
    assert program.works()
    second = program.rotate(overlap_seconds=0).json()
    assert second["former_ends_at"] is None
    assert [program.works(text) for text in (program.text, second["key"])] == [False, True]


def test_the_overlap_is_a_day_unless_said_otherwise(club):
    end = made(club).rotate().json()["former_ends_at"]
    due = timezone.now() + timedelta(days=1) - timezone.datetime.fromisoformat(end)
    assert timedelta() <= due < timedelta(minutes=5)


@pytest.mark.parametrize("overlap", [-1, 604801, "60", True, [60], None, 1.5])
def test_an_overlap_that_makes_no_sense_is_refused(club, overlap):
    program = made(club)
    assert program.rotate(overlap_seconds=overlap).status_code == 422
    assert program.works()


def test_twenty_who_rotate_at_once_leave_one_current_secret_and_do_not_end_the_one_in_use(club):
    program = made(club)
    answers = at_once(lambda _: program.rotate(), times=20)
    assert {answer.status_code for answer in answers} == {200, 409}
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["error"] == "API_KEY_CHANGED"
    fresh = [answer.json()["key"] for answer in answers if answer.status_code == 200]
    working = [text for text in (program.text, *fresh) if program.works(text)]
    digests = {bytes(program.row.digest), bytes(program.row.former_digest)}
    assert {api_key_standing.token_digest(text) for text in working} == digests
    assert program.row.version == 1 + len(fresh)


def test_when_a_key_was_used_is_written_once_a_minute(club):
    program = made(club)
    api_key_uses.forget()
    seen = statements(lambda: [program.works() for _ in range(3)])
    assert sum(each.startswith("UPDATE") for each in seen if "api_key" in each) == 1
    first = program.row.last_used_at
    assert first is not None
    api_key_uses.forget()  # as another process, which knows of nothing
    program.works()
    assert program.row.last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    api_key_uses.forget()
    program.works()
    assert program.row.last_used_at >= first


def test_when_a_key_was_used_is_written_without_redis_too(club, redis_server):
    program = made(club)
    redis_server.kill()
    api_key_uses.forget()
    assert program.works()
    assert program.row.last_used_at is not None


def test_a_key_goes_on_while_the_database_takes_no_writes(club):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such state.")
    programs = [made(club) for _ in range(3)]
    api_key_uses.forget()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        try:
            seen = statements(lambda: [each.told(club.owner.access) for each in programs])
        finally:
            cursor.execute("SET default_transaction_read_only = off")
    assert sum(each.startswith("UPDATE") for each in seen) == 1
    assert {each.row.last_used_at for each in programs} == {None}
    api_key_uses.forget()
    assert programs[0].works()
    assert programs[0].row.last_used_at is not None


def test_a_key_has_a_limit_of_its_own(club, limited, pytestconfig):
    limited("introspect.key=4/60s")
    programs = [made(club), made(club)]
    most = 4 if pytestconfig.stash[redis_key] else 2
    asked = [programs[0].ask("x") for _ in range(most + 1)]
    assert [answer.status_code for answer in asked] == [200] * most + [429]
    assert asked[-1].json()["error"] == "RATE_LIMIT_ERROR"
    assert programs[1].works()


def test_keys_that_nobody_made_count_for_the_network_they_come_from(club, limited, here):
    limited("introspect.address=4/60s")
    program = made(club)
    for number in range(5):
        text = api_key_texts.spelled(bytes([number]) * 32)
        answer = program.ask("x", key=text, address=here)
    assert answer.status_code == 429


def takes_keys():
    return {f"/{path}" for path, view in api_routes() if scopes_of(view)}


def scopes_of(view):
    return getattr(view.cls, "key_scopes", {})


def test_keys_are_taken_where_the_contract_says_and_nowhere_else():
    doors = {f"/{door.path}" for door in DOORS if door.scope or door.lets_in is Least.KEY}
    assert takes_keys() == doors
    assert {INTROSPECT, REVOKE} < doors


def test_no_other_route_takes_a_key_whatever_it_may(api, club, here):
    program = made(club, *EVERY_SCOPE)
    there = {"organization_id": club.id, "key_id": program.id}
    for path, view in api_routes():
        address = "/" + path
        for name, value in there.items():
            address = address.replace(f"<uuid:{name}>", str(value))
        address = re.sub(r"<\w+:\w+>", str(UUID(int=1)), address)
        if not view.cls.authentication_classes:
            continue
        for method in {"GET", "POST", "PATCH", "PUT", "DELETE"} - set(scopes_of(view)):
            answer = api.send(method, address, {}, token=program.text, address=here)
            if path.startswith("scim/"):
                # It has a token of its own, and the error shape of its standard.
                assert (answer.status_code, answer.json()["status"]) == (401, "401"), address
                continue
            told = answer.status_code, answer.json()["error"]
            if view.cls is ForwardAuthView:
                # It is asked by whoever comes, and what is no question is not judged.
                assert told == (405, "METHOD_NOT_ALLOWED"), method
                continue
            assert told == (403, "API_KEY_NOT_ACCEPTED"), (method, address)
            assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
    assert program.works()


def test_routes_that_ask_nobody_who_they_are_do_not_look_at_a_key(api, club, here):
    text = made(club, *EVERY_SCOPE).text
    for path, view in api_routes():
        if "<" in path or view.cls.authentication_classes:
            continue
        with_key, without = (
            api.get(f"/{path}", token=given, address=here) for given in (text, None)
        )
        assert with_key.status_code == without.status_code, path


def test_the_admin_site_takes_no_key(api, club):
    program = made(club, *EVERY_SCOPE)
    answer = api.get("/admin/", token=program.text)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/login/?next=/admin/")


@pytest.mark.asvs("10.3.2")
def test_a_key_without_the_scope_is_told_which_it_lacks(club):
    answer = made(club, "tokens:revoke").ask("x")
    assert (answer.status_code, answer.json()["error"]) == (403, "INSUFFICIENT_SCOPE")
    wanted = 'Bearer error="insufficient_scope", scope="tokens:introspect"'
    assert answer.headers["WWW-Authenticate"] == wanted


def test_the_log_names_the_key_and_never_holds_it(club, caplog):
    program = made(club)
    program.works()
    fresh = program.rotate().json()["key"]
    program.works(fresh)
    program.ask(fresh)
    assert f"'key_id': '{program.id}'" in caplog.text
    assert program.text not in caplog.text
    assert fresh not in caplog.text
