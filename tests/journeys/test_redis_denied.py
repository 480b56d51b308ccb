"""Redis has a password that Plinto does not know, from the start: who has to act is told, once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.journey

VISITS, MOVES = 40, 20


@pytest.fixture
def world(shared_postgres: PostgresServer) -> Iterator[World]:
    with RedisServer.start(None, "--requirepass", "the right one") as redis:
        url = f"redis://:the-wrong-one@127.0.0.1:{redis.port}/0"
        # Probes follow each other as closely as in a minute of the default.
        with deployed(shared_postgres, redis=redis, REDIS_URL=url, RECOVERY_TIMEOUT="0.1") as world:
            yield world


def generation(world: World) -> int:
    """How often the breaker of some process has moved."""
    return max(answer.body["generation"] for answer in world.heard("/health/circuit-breaker"))


def warnings(world: World) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in world.web.log().splitlines()]
    return [line for line in lines if line["level"] in {"warning", "error", "critical"}]


def test_a_password_that_is_wrong_from_the_start_is_degraded_and_told_once_a_minute(world, figure):
    [email] = world.populate(1)
    visitor = world.visitor(email, is_kept=False)
    status = visitor.caller.send("GET", "/health/ready").body["status"]
    assert status == "degraded"
    assert visitor.sign_in().status == 200
    assert {visitor.me().status for _ in range(VISITS)} == {200}
    eventually(lambda: generation(world) > MOVES, seconds=30)
    told = [line for line in warnings(world) if line.get("reason") == "denied"]
    figure(f"{len(told)} lines for {VISITS} visits and more than {MOVES} moves of a breaker")
    assert 1 <= len(told) <= len(world.web.worker_pids())
    assert {line["level"] for line in told} == {"critical"}
    assert "the-wrong-one" not in world.web.log()
    assert len(warnings(world)) <= len(told)
