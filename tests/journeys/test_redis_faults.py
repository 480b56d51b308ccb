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


def test_no_answer_is_wrong_while_redis_stands_still(lab, figure):
    found = lab.try_out(redis_faults.stalled(lab.redis))
    figure(found.figures)
    assert found.wrong == []


def test_no_answer_is_wrong_while_redis_is_full_and_refuses_writes(lab, figure):
    found = lab.try_out(redis_faults.full(lab.redis))
    figure(found.figures)
    assert found.wrong == []


def test_nothing_revoked_revives_while_redis_evicts_copies_and_tombstones(lab, figure):
    before = int(redis_faults.info(lab.redis, "evicted_keys"))
    found = lab.try_out(redis_faults.evicting(lab.redis), shows="ok")
    evicted = int(redis_faults.info(lab.redis, "evicted_keys")) - before
    figure(f"{evicted} keys evicted; {found.figures}")
    assert evicted > 0
    assert found.wrong == []


def test_no_answer_is_wrong_while_redis_is_a_replica_and_primary_again(lab, figure):
    found = lab.try_out(redis_faults.a_replica(lab.redis))
    figure(found.figures)
    assert found.wrong == []


def test_no_answer_is_wrong_while_redis_has_lost_its_primary(lab, figure):
    found = lab.try_out(redis_faults.without_its_primary(lab.redis))
    figure(found.figures)
    assert found.wrong == []


def test_no_answer_is_wrong_while_redis_loads_what_it_held_before_a_crash(lab, figure):
    found = lab.try_out(redis_faults.loading(lab.redis))
    figure(found.figures)
    assert found.wrong == []


def test_no_answer_is_wrong_while_redis_is_busy_with_a_script(lab, figure):
    found = lab.try_out(redis_faults.busy(lab.redis))
    figure(found.figures)
    assert found.wrong == []


@pytest.mark.parametrize("words", [("FLUSHALL",), ("SCRIPT", "FLUSH")], ids=" ".join)
def test_nobody_notices_that_redis_forgets_all_the_time(lab, figure, words):
    forgetting = redis_faults.again_and_again(lambda: lab.redis.cli(*words))
    found = lab.try_out(forgetting, shows="ok")
    figure(found.figures)
    assert found.wrong == []


def test_no_answer_is_wrong_while_redis_asks_for_a_password(lab, figure):
    found = lab.try_out(redis_faults.asking_for_a_password(lab.redis))
    figure(found.figures)
    assert found.wrong == []


def test_no_answer_is_wrong_while_redis_denies_every_command(lab, figure):
    found = lab.try_out(redis_faults.denying_rights(lab.redis))
    figure(found.figures)
    assert found.wrong == []
