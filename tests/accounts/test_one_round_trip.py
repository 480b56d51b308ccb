"""A request of somebody who is known asks Redis once and the database nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from resilience.redis import door
from tests.accounts.comers import entered
from tests.accounts.limiting import ME, statuses
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.accounts.test_limits import commands_during
from tests.journeys.waiting import eventually
from tests.servers.redis import RedisServer


@pytest.fixture
def club(api) -> Club:
    return Club(api, entered())


@pytest.fixture
def ada(club) -> Person:
    return club.joined("member", person=entered())


def asks_redis_once(redis: RedisServer, ask: Callable[[], HttpResponse]) -> bool:
    """Tell whether one script was all; what Redis shows late, on a busy machine, is disbelieved."""

    def costs_one_command() -> bool:
        with CaptureQueriesContext(connection) as found:
            seen = commands_during(redis, ask)
        return not found.captured_queries and seen == ["EVALSHA"]

    return eventually(costs_one_command, seconds=30)


def test_who_i_am_is_one_round_trip(api, ada, redis_server):
    assert asks_redis_once(redis_server, lambda: api.get(ME, token=ada.access))


def test_what_i_may_do_is_the_same_round_trip(club, ada, redis_server):
    path = "/permissions/check?permission=members:read"
    assert asks_redis_once(redis_server, lambda: club.as_(ada, "GET", path))


def test_whoever_was_removed_is_no_stranger_to_the_limits(api, club, ada, limited, here):
    limited("default.address=2/60s")
    assert club.as_(ada, "GET", "/members").status_code == 200
    assert club.remove(club.owner, ada).status_code == 204
    path = f"{club.path}/members"

    seen = statuses(lambda: api.get(path, token=ada.access, address=here), times=6)

    assert seen == [404] * 6
    assert door() is None or api.get(ME, token=ada.access, address=here).status_code == 200
