"""Everybody signs in at once, and whoever is signed in already does not wait behind them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from tests.journeys.clients import Answer
from tests.journeys.world import World

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

SIGN_INS = 20


def all_at_once(world: World, threads: ThreadPoolExecutor) -> list[Future[Answer]]:
    visitors = [world.visitor(email, is_kept=False) for email in world.populate(SIGN_INS)]
    return [threads.submit(visitor.sign_in) for visitor in visitors]


def test_who_reads_is_answered_while_everybody_signs_in(deploy):
    world = deploy(WEB_WORKERS="1", WEB_THREADS="1", HASH_SLOTS="1")
    with ThreadPoolExecutor(SIGN_INS) as threads:
        reader = world.visitor(world.populate(1)[0])
        assert reader.sign_in().status == 200
        entries, answered = all_at_once(world, threads), 0
        while not all(entry.done() for entry in entries):
            assert reader.me().status == 200
            answered += 1
        wait(entries)
    # In one line with them it would be one or two.
    assert answered > SIGN_INS / 4
    assert {entry.result().status for entry in entries} == {200}
