"""Two Redis servers that both believe to be the one: some processes see A, some see B."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import PlintoServer
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("redis split")]

COPY_TTL, SLACK = 2.0, 3.0
ALLOWED = 10


@dataclass
class Split:
    """One deployment in two halves; ``world`` is the half that sees the first Redis."""

    world: World
    other: PlintoServer

    def there(self, visitor: Visitor) -> Visitor:
        """The same session, on its way through the other half."""
        caller = Caller(self.other.port, address=visitor.caller.address)
        return Visitor(caller, visitor.email, visitor.access, visitor.refresh)


@pytest.fixture(scope="module")
def split(shared_postgres: PostgresServer) -> Iterator[Split]:
    settings = {"SECURITY_COPY_TTL": str(COPY_TTL), "WEB_WORKERS": "1"}
    with deployed(shared_postgres, **settings) as world, RedisServer.start() as redis:
        shared = {**world.web.environment, "REDIS_URL": redis.url}
        for own in ("PORT", "VAR_DIR"):
            del shared[own]
        with PlintoServer.start(**shared) as other:
            yield Split(world, other)


def guess(port: int, email: str, number: int) -> Answer:
    body = {"email": email, "password": f"a guess with the number {number}"}
    return Caller(port, address=f"10.30.0.{number}").send("POST", "/api/v1/auth/login", body)


def test_an_ended_session_outlives_its_end_in_the_other_half_by_no_more_than_a_copy(split, figure):
    [email] = split.world.populate(1)
    visitor = split.world.visitor(email)
    assert visitor.sign_in().status == 200
    elsewhere = split.there(visitor)
    assert {visitor.me().status, elsewhere.me().status} == {200}
    assert visitor.send("POST", "/auth/logout").status == 204
    ended = time.monotonic()
    assert visitor.me().status == 401
    eventually(lambda: elsewhere.me().status == 401, seconds=COPY_TTL + SLACK, every=0.02)
    figure(f"refused {time.monotonic() - ended:.1f} s after its end; copies live {COPY_TTL} s")
    assert {elsewhere.me().status for _ in range(4)} == {401}
    assert elsewhere.go_on().status == 401


def test_guesses_through_both_halves_are_counted_together(split):
    [email] = split.world.populate(1)
    ports = [split.world.web.port, split.other.port]
    answers = [guess(ports[number % 2], email, number) for number in range(ALLOWED + 4)]
    assert [answer.status for answer in answers] == [401] * ALLOWED + [429] * 4


def test_a_refresh_token_that_one_half_spent_is_spent_in_the_other(split):
    [email] = split.world.populate(1)
    visitor = split.world.visitor(email)
    visitor.sign_in()
    elsewhere = split.there(visitor)
    assert visitor.go_on().status == 200
    split.world.sql("UPDATE accounts_session SET refreshed_at = refreshed_at - interval '11 s'")
    assert elsewhere.go_on().body["error"] == "REFRESH_TOKEN_REUSED"
    assert visitor.go_on().status == 401
