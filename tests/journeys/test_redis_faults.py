"""
Every way in which Redis goes wrong, as an experiment on the production server.

People sign in, look around, end sessions and knock with them again, before the fault, during it and
afterwards. No answer may be wrong, none may be a 5xx, and what was ended stays ended.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys import redis_faults
from tests.journeys.lab import Lab, laboratory
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("redis faults")]


@pytest.fixture(scope="module")
def lab(shared_postgres: PostgresServer) -> Iterator[Lab]:
    with laboratory(shared_postgres) as lab:
        yield lab


# "refuse" comes back with all that Redis held before, without the tombstones of meanwhile; 110 ms
# each way is 220 ms, slower than a call may be and quicker than the timeout.
@pytest.mark.parametrize("mode", ["refuse", "reset", "blackhole", "latency:0.11"])
def test_no_answer_is_wrong_while_the_way_to_redis_is(lab, figure, mode):
    found = lab.try_out(redis_faults.network(lab.proxy, mode))
    figure(found.figures)
    assert found.wrong == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(redis_faults.stalled, id="stands still"),
        pytest.param(redis_faults.full, id="is full and refuses writes"),
        pytest.param(redis_faults.a_replica, id="is a replica and then a primary again"),
        pytest.param(redis_faults.without_its_primary, id="has lost its primary"),
        pytest.param(redis_faults.loading, id="loads what it held before a crash"),
        pytest.param(redis_faults.busy, id="is busy with a script"),
        pytest.param(redis_faults.asking_for_a_password, id="asks for a password"),
        pytest.param(redis_faults.denying_rights, id="denies every command"),
    ],
)
def test_no_answer_is_wrong_while_redis(lab, figure, fault):
    found = lab.try_out(fault(lab.redis))
    figure(found.figures)
    assert found.wrong == []


@pytest.mark.parametrize("words", [("FLUSHALL",), ("SCRIPT", "FLUSH")], ids=" ".join)
def test_nobody_notices_that_redis_forgets_all_the_time(lab, figure, words):
    forgetting = redis_faults.again_and_again(lambda: lab.redis.cli(*words))
    found = lab.try_out(forgetting, is_noticed=False)
    figure(found.figures)
    assert found.wrong == []


def test_nothing_revoked_revives_while_redis_evicts_copies_and_tombstones(lab, figure):
    before = int(redis_faults.info(lab.redis, "evicted_keys"))
    found = lab.try_out(redis_faults.evicting(lab.redis), is_noticed=False)
    evicted = int(redis_faults.info(lab.redis, "evicted_keys")) - before
    figure(f"{evicted} keys evicted; {found.figures}")
    assert evicted > 0
    assert found.wrong == []
