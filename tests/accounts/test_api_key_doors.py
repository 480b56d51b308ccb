"""What a view has to say so that keys come in, and what is counted there."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.rules import api_key_texts
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.test_limits import commands_during
from tests.journeys.waiting import eventually

pytestmark = pytest.mark.urls("tests.accounts.key_doors")
DOOR = "/invoices"


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def told(answer):
    return answer.status_code, answer.json().get("error", answer.json().get("by"))


def test_a_key_does_at_a_door_what_its_scopes_say_and_a_person_what_people_may(api, club):
    reader, writer = made(club, "invoices:read"), made(club, "invoices:*")
    for method, key, expected in [
        ("GET", reader.text, (200, "KeyStanding")),
        ("POST", reader.text, (403, "INSUFFICIENT_SCOPE")),
        ("POST", writer.text, (200, "KeyStanding")),
        ("DELETE", writer.text, (403, "API_KEY_NOT_ACCEPTED")),
        ("DELETE", club.owner.access, (200, "Standing")),
        ("GET", None, (401, "AUTHENTICATION_ERROR")),
    ]:
        assert told(api.send(method, DOOR, token=key)) == expected, (method, expected)


def test_a_key_that_is_known_comes_in_without_any_query(api, club, redis_server):
    key = made(club, "invoices:read").text

    def costs_nothing() -> bool:
        # What Redis shows late, on a busy machine, is not believed.
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert api.get(DOOR, token=key).status_code == 200
        return not found.captured_queries

    eventually(costs_nothing, seconds=30)
    asked = commands_during(redis_server, lambda: api.get(DOOR, token=key))
    assert asked[0] == "EVALSHA"


def test_a_key_counts_for_itself_and_one_that_nobody_made_for_its_network(api, club, limited, here):
    limited("default.address=4/60s")
    key = made(club, "invoices:read").text
    for _ in range(6):
        assert api.get(DOOR, token=key, address=here).status_code == 200
    strangers = [api_key_texts.spelled(bytes([number]) * 32) for number in range(5)]
    answers = [api.get(DOOR, token=text, address=here).status_code for text in strangers]
    assert answers[0] == 401
    assert answers[-1] == 429
    assert api.get(DOOR, token=key, address=here).status_code == 200
