"""One web process is killed as the kernel kills what takes too much memory."""

from __future__ import annotations

import time

import pytest

from tests.journeys.clients import BrokenConnection
from tests.journeys.ledger import crowd, summary
from tests.journeys.waiting import eventually

pytestmark = pytest.mark.journey

CLIENTS = 6
# The master looks once a second, and a process has imported Django by then or a little later.
BACK_WITHIN = 15.0


def test_a_killed_process_breaks_what_it_held_and_nothing_else(deploy, figure):
    world, answers, broken = deploy(), [], []
    [email] = world.populate(1)
    visitors = [world.visitor(email, is_kept=False) for _ in range(CLIENTS)]
    assert {visitor.sign_in().status for visitor in visitors} == {200}
    eventually(lambda: len(world.web.worker_pids()) == 2, seconds=30)
    end = [time.monotonic() + 60]

    def live(number: int) -> None:
        while time.monotonic() < end[0]:
            try:
                answers.append(visitors[number].me())
            except BrokenConnection as error:
                broken.append(str(error))

    threads = crowd(live, size=CLIENTS)
    eventually(lambda: len(answers) > 100, seconds=30)
    gone, killed = world.web.kill_worker(), time.monotonic()
    try:
        eventually(
            lambda: len(pids := world.web.worker_pids()) == 2 and gone not in pids,
            seconds=BACK_WITHIN,
        )
        figure(f"replaced after {time.monotonic() - killed:.1f} s, {len(broken)} broken")
    finally:
        end[0] = time.monotonic() + 2
        for thread in threads:
            thread.join()
    figure(summary(answers))
    assert len(broken) <= CLIENTS  # each had one request on its way
    assert {answer.status for answer in answers} == {200}
