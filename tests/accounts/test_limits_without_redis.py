"""What a rate limit costs while Redis is well, and what holds while it is not."""

from __future__ import annotations

from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session
from resilience.redis import door
from tests.accounts.limits import commands_during, statuses
from tests.accounts.people import signed_in
from tests.api import Api
from tests.factories import PASSWORD
from tests.races import at_once

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/me"
JWKS = "/.well-known/jwks.json"


def test_a_warm_signed_in_request_is_one_command_to_redis_and_no_sql(
    api, redis_server, person, here
):
    for _ in range(2):
        api.get(ME, token=person.access, address=here)
    with CaptureQueriesContext(connection) as captured:
        sent = commands_during(redis_server, lambda: api.get(ME, token=person.access, address=here))
    assert sent == ["EVALSHA"]
    assert captured.captured_queries == []


def test_an_anonymous_request_is_one_command_to_redis_and_no_sql(api, redis_server, here):
    api.get(JWKS, address=here)
    with CaptureQueriesContext(connection) as captured:
        sent = commands_during(redis_server, lambda: api.get(JWKS, address=here))
    assert sent == ["EVALSHA"]
    assert captured.captured_queries == []


def test_a_health_page_asks_neither_redis_nor_the_database(api, redis_server, limited, here):
    limited("health=4/60s")
    with CaptureQueriesContext(connection) as captured:
        sent = commands_during(
            redis_server, lambda: statuses(lambda: api.get("/health/live", address=here), times=2)
        )
    assert (sent, captured.captured_queries) == ([], [])
    assert api.get("/health/live", address=here).status_code == 429


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


def test_a_limit_is_a_limit_for_clients_that_come_at_once(limited, here):
    limited("default=40/60s")

    def knock(_: int) -> int:
        own = Api()
        return sum(own.get(JWKS, address=here).status_code == 200 for _ in range(10))

    assert sum(at_once(knock, times=20)) == (40 if door() else 20)
