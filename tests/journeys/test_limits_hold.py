"""Limits over two workers: exact with Redis, and not looser when it stalls, dies and is back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = pytest.mark.journey

LIMIT, KNOCKS, KNOCKERS = 40, 100, 10
JWKS = "/.well-known/jwks.json"
LOGIN = "/api/v1/auth/login"


def knocks(world: World, *, address: str, method: str = "GET", path: str = JWKS) -> Counter[int]:
    """Knock from one address on new connections, so that any worker may answer."""

    def knock(number: int) -> int:
        body = {"email": f"{number}@example.com", "password": "wrong"} if method == "POST" else None
        return world.caller(address=address, is_kept=False).send(method, path, body).status

    with ThreadPoolExecutor(KNOCKERS) as threads:
        return Counter(threads.map(knock, range(KNOCKS)))


def meet_every_worker(world: World, *, address: str) -> None:
    for pid in world.web.worker_pids():
        with world.web.only(pid):
            assert world.caller(address=address, is_kept=False).send("GET", JWKS).status == 429


def test_two_workers_admit_no_more_than_the_limit_whatever_becomes_of_redis(deploy, figure):
    world = deploy(RATE_LIMITS=f"default={LIMIT}/600s,login={LIMIT}/600s")
    eventually(lambda: len(world.web.worker_pids()) == 2, seconds=30)
    up = knocks(world, address="10.0.0.1")
    # A worker takes off what it was told, and on a busy machine one may have answered everything.
    meet_every_worker(world, address="10.0.0.1")
    world.redis.stall()
    stalled = knocks(world, address="10.0.0.2")
    world.redis.resume()
    world.redis.kill()
    dead = knocks(world, address="10.0.0.3")
    signing_in = knocks(world, address="10.0.0.4", method="POST", path=LOGIN)
    met_before = knocks(world, address="10.0.0.1")
    figure(f"up {up}; stalled {stalled}; dead {dead}; signing in {signing_in}; then {met_before}")
    assert up == {200: LIMIT, 429: KNOCKS - LIMIT}
    assert set(stalled) == set(dead) == {200, 429}
    assert max(stalled[200], dead[200]) <= LIMIT
    # Rows are shared by the workers, so what they hold is exact; a busy machine answers some 503.
    assert signing_in[401] + signing_in[503] == LIMIT // 2
    assert signing_in[429] == KNOCKS - LIMIT // 2
    assert met_before == {429: KNOCKS}
