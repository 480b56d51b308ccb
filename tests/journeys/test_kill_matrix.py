"""
Web, worker, PostgreSQL and Redis are killed at random moments under load, and nothing is lost.

Each round kills all four with SIGKILL while owners act in their organizations, brings them back and
lets the queues run empty. Then every act that was acknowledged has exactly one row in the trail,
nothing that was done lacks its row, every receiver was told of every event under its one id, and
the chains verify. ``JOURNEY_ROUNDS`` says how many rounds (``make torture``: 20), and
``JOURNEY_SEED`` draws the acts and the moments of an earlier run again.

A killed worker leaves its rows to their lease, a minute long; they come due at once here.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from tests.journeys import reckoning
from tests.journeys.busy_clubs import Owner
from tests.journeys.clubs import founded
from tests.journeys.ledger import crowd
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import WorkerProcess, manage
from tests.servers.postgres import PostgresServer
from tests.servers.receiver import Receiver
from tests.servers.website import Asked, Reply

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

ROUNDS = int(os.environ.get("JOURNEY_ROUNDS", "2"))
SEED = int(os.environ.get("JOURNEY_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
OWNERS = 4
# Longer rounds let more happen between two blows.
MOST_SECONDS_BETWEEN = 1.0 if ROUNDS < 10 else 3.0
# Each does a part of the work, so that a kill strikes one part while the other goes on.
SHARES = ("mail,exports,webhooks", "sealing,fan-out,webhooks")

_ENDPOINTS = """
from django.utils import timezone
from webhooks.models import Endpoint
from webhooks.services import endpoint_secrets
for organization in {organizations}:
    Endpoint.objects.create(
        organization_id=organization, url=f"{url}/{{organization or 'all'}}",
        events=["*"] if organization else ["audit.recorded"],
        secret=endpoint_secrets.drawn()[1], created_at=timezone.now(),
    )
"""


@dataclass
class Torture:
    """A deployment that is ours alone, those who act in it, and who is told of it."""

    world: World
    postgres: PostgresServer
    receiver: Receiver
    workers: list[WorkerProcess]
    draw: random.Random
    owners: list[Owner] = field(default_factory=list)
    kills: int = 0

    def settle_in(self) -> None:
        """Let people found organizations, each with a member, and make the endpoints."""
        emails = self.world.populate(2 * OWNERS)
        for number in range(OWNERS):
            owner, member = (
                self.world.visitor(email, address=f"10.70.{number}.1", is_kept=False)
                for email in emails[2 * number :][:2]
            )
            assert {owner.sign_in().status, member.sign_in().status} == {200}
            club = founded(self.world, owner)
            club.joined(member, "member")
            self.owners.append(Owner(club, member, random.Random(self.draw.random())))
        organizations = [owner.club.id for owner in self.owners]
        script = _ENDPOINTS.format(organizations=[*organizations, None], url=self.receiver.url)
        manage("shell", "-c", script, environment=self.world.web.environment)

    def play_a_round(self) -> None:
        """Kill everything once, in an order that is drawn, while the owners act."""
        over = threading.Event()
        threads = crowd(lambda number: self.owners[number].go_on_until(over), size=OWNERS)
        blows = [self._strike_web, self._strike_worker, self._strike_postgres, self._strike_redis]
        try:
            for strike in self.draw.sample(blows, len(blows)):
                self._pause(MOST_SECONDS_BETWEEN)
                strike()
                self.kills += 1
            self._pause(MOST_SECONDS_BETWEEN)
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _pause(self, most: float) -> None:
        time.sleep(self.draw.uniform(0, most))

    def _strike_web(self) -> None:
        """Kill one of the web processes, which the master replaces, or all with their master."""
        if self.draw.random() < 0.5:
            workers = eventually(self.world.web.worker_pids, seconds=30)
            os.kill(self.draw.choice(workers), signal.SIGKILL)
        else:
            self.world.web.kill()
            self._pause(0.5)
            self.world.web.launch()

    def _strike_worker(self) -> None:
        for worker in self.workers:
            worker.kill()
            self._pause(0.5)
            worker.restart()

    def _strike_postgres(self) -> None:
        self.postgres.kill()
        self._pause(0.5)
        self.postgres.restart()

    def _strike_redis(self) -> None:
        self.world.redis.kill()
        self._pause(0.5)
        self.world.redis.restart()


def slowly(_: Asked) -> Reply:
    """Let messages be under way whenever a worker is killed."""
    time.sleep(0.15)
    return Reply(204)


@pytest.fixture
def torture() -> Iterator[Torture]:
    with ExitStack() as running:
        postgres = running.enter_context(PostgresServer.start())
        receiver = running.enter_context(Receiver(slowly))
        allowed = f"127.0.0.1:{receiver.port}"
        world = running.enter_context(deployed(postgres, OUTBOUND_ALLOWED=allowed))
        workers = [
            running.enter_context(WorkerProcess.start(world.web.environment, f"--queues={share}"))
            for share in SHARES
        ]
        yield Torture(world, postgres, receiver, workers, random.Random(SEED))


def test_no_acknowledged_act_is_lost_or_untold_whoever_is_killed(torture, figure):
    figure(f"seed {SEED}")
    torture.settle_in()
    for number in range(1, ROUNDS + 1):
        torture.play_a_round()
        eventually(lambda: reckoning.is_settled(torture.world), seconds=120, every=0.2)
        assert [wrong for owner in torture.owners for wrong in owner.wrong] == []
        found = reckoning.reckon(torture.world, torture.owners, torture.receiver)
        assert not found.faults, "\n".join([f"After round {number}:", *found.faults[:20]])
        manage("verify_audit", environment=torture.world.web.environment)
    done = sum(len(owner.done) for owner in torture.owners)
    unanswered = sum(owner.unanswered for owner in torture.owners)
    figure(
        f"{ROUNDS} rounds, {torture.kills} kills: {done} acts acknowledged, {unanswered} not,"
        f" {found.rows} rows, {found.messages} messages, {found.twice} of them more than once"
    )
    assert done > 10 * ROUNDS
    assert [worker.stop() for worker in torture.workers] == [0, 0]
