"""A deployment whose Redis goes wrong on request, and people whose day must not show it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.journeys.ledger import Ledger, crowd, summary
from tests.journeys.noon import Routine
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.fault_proxy import FaultProxy
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

PEOPLE = 4
# A probe follows within 2.2 s at these settings, and three good ones close the circuit; the
# promise is five seconds, four times that for machines that are busy with other tests.
WELL_WITHIN = 20.0
# Shortened, so that circuits close and copies are believed again while an experiment lasts.
SETTINGS = {"RECOVERY_TIMEOUT": "0.5", "SECURITY_COPY_TTL": "1", "LOG_LEVEL": "WARNING"}

_number = count()


@dataclass(frozen=True)
class Finding:
    """What came of one experiment: everything that was wrong, in words, and the figures."""

    wrong: list[str]
    figures: str


@dataclass
class Lab:
    """The production server behind a proxy to its Redis, both to be harmed."""

    world: World
    proxy: FaultProxy
    people: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.people = self.world.populate(PEOPLE)

    @property
    def redis(self) -> RedisServer:
        return self.world.redis

    def _is_noticed(self, routines: list[Routine]) -> bool:
        """Tell whether every process says so; slowness shows in many calls, so people go on."""
        if self.status() == {"degraded"}:
            return True
        self._live(routines)
        return False

    def try_out(self, fault: AbstractContextManager[object], *, is_noticed: bool = True) -> Finding:
        """
        Let people live before, during and after ``fault``, and note every answer that is wrong.

        :raises TimeoutError: health did not say ``degraded`` although the fault ``is_noticed``, or
            not ``ok`` afterwards
        """
        eventually(lambda: self.status() == {"ok"}, seconds=WELL_WITHIN)
        routines = self._routines()
        self._live(routines)
        with fault:
            during = time.monotonic()
            self._live(routines)
            if is_noticed:
                eventually(lambda: self._is_noticed(routines), seconds=WELL_WITHIN)
        healed = time.monotonic()
        threads = crowd(lambda number: routines[number].live_a_day(), size=PEOPLE)
        try:
            eventually(lambda: self.status() == {"ok"}, seconds=WELL_WITHIN)
            well = time.monotonic()
        finally:
            for thread in threads:
                thread.join()
        for routine in routines:
            routine.knock_again()
        ledger = routines[0].ledger
        meanwhile = [one for _, one in ledger.answers if during <= one.began < healed]
        return Finding(
            ledger.wrong,
            f"meanwhile {summary(meanwhile)}; well {well - healed:.1f} s after the fault",
        )

    def status(self) -> set[str]:
        """What the health pages of the workers say; a page that does not answer 200 is wrong."""
        answers = self.world.heard("/health/ready")
        assert {answer.status for answer in answers} == {200}
        return {answer.body["status"] for answer in answers}

    def _routines(self) -> list[Routine]:
        ledger, network = Ledger(), f"10.20.{next(_number)}"
        return [
            Routine(self.world, email, f"{network}.{number}", ledger, random.Random(number))
            for number, email in enumerate(self.people)
        ]

    def _live(self, routines: list[Routine]) -> None:
        for thread in crowd(lambda number: routines[number].live_a_day(), size=PEOPLE):
            thread.join()


@contextmanager
def laboratory(postgres: PostgresServer, **variables: str) -> Iterator[Lab]:
    """Open a laboratory; ``variables`` are settings of the server."""
    with (
        RedisServer.start() as redis,
        FaultProxy(("127.0.0.1", redis.port)) as proxy,
        deployed(
            postgres,
            redis=redis,
            **{**SETTINGS, "REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0", **variables},
        ) as world,
    ):
        yield Lab(world, proxy)
