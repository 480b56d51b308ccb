"""Rate limits while Redis, or Redis and the database, cannot count."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from accounts.models import Session
from tests.accounts.limiting import JWKS, LOGIN, ME, statuses
from tests.accounts.people import Person, signed_in
from tests.factories import PASSWORD


@pytest.fixture
def person(api, here) -> Person:
    return signed_in(api, address=here)


def test_the_rate_limiter_with_redis_down_denies(api, redis_server, limited, here):
    limited("login=8/60s", "default=8/60s")
    redis_server.kill()
    body = {"email": "ada@example.com", "password": PASSWORD}
    signing_in = statuses(lambda: api.post(LOGIN, body, address=here), times=6)
    reading = statuses(lambda: api.get(JWKS, address=here), times=6)
    assert signing_in == [401] * 4 + [429] * 2
    assert reading == [200] * 4 + [429] * 2


def test_who_was_refused_before_redis_died_is_refused_after(api, redis_server, limited, person):
    limited("default=8/60s")
    statuses(lambda: api.get(ME, token=person.access), times=9)
    redis_server.kill()
    refused = api.get(ME, token=person.access)
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"] == '"default";q=0;w=60'


def test_a_session_that_ended_without_redis_does_not_use_up_the_account(
    api, redis_server, limited, person, here
):
    owner = signed_in(api, user=person.user, address=here)
    Session.objects.filter(pk=person.session_id).delete()
    limited("default=8/60s")
    redis_server.kill()
    thief = statuses(lambda: api.get(ME, token=person.access, address="10.92.0.1"), times=6)
    assert thief == [401] * 4 + [429] * 2
    assert api.get(ME, token=owner.access, address=here).status_code == 200


def test_when_the_database_cannot_count_either_nobody_comes_in(api, redis_server, here):
    redis_server.kill()

    def gone(*_: object) -> None:
        raise OperationalError("secret detail")

    with connection.execute_wrapper(gone):
        answer = api.post(LOGIN, {"email": "ada@example.com", "password": "x"}, address=here)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "secret" not in answer.content.decode()
