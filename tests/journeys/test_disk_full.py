"""The disk is full: no file can grow any more, the log included."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.journeys.ledger import Ledger
from tests.journeys.noon import Routine
from tests.journeys.waiting import eventually
from tests.journeys.world import World

pytestmark = pytest.mark.journey


@contextmanager
def no_file_grows(world: World) -> Iterator[None]:
    """Let every write to a file of the server's processes fail, as on a device without space."""
    processes = [psutil.Process(pid) for pid in (world.web.pid, *world.web.worker_pids())]
    before = [process.rlimit(resource.RLIMIT_FSIZE) for process in processes]
    for process, (_, most) in zip(processes, before, strict=True):
        process.rlimit(resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        for process, limits in zip(processes, before, strict=True):
            process.rlimit(resource.RLIMIT_FSIZE, limits)


def test_requests_go_on_while_nothing_can_be_logged_and_the_log_tells_what_is_missing(
    deploy, figure
):
    world, ledger = deploy(), Ledger()
    [email] = world.populate(1)
    routine = Routine(world, email, "10.50.0.1", ledger, random.Random(1))
    routine.live_a_day()
    pids = eventually(lambda: len(pids := world.web.worker_pids()) == 2 and pids, seconds=30)
    with no_file_grows(world):
        length = len(world.web.log())
        for _ in range(3):
            routine.live_a_day()
        assert len(world.web.log()) == length
    routine.live_a_day()
    figure(f"{len(ledger.answers)} answers; {dict(ledger.count())}")
    assert ledger.wrong == []
    assert world.web.worker_pids() == pids
    assert "logs.missing" in world.web.log()
