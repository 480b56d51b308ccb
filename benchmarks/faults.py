"""A deployment whose Redis is killed, stalled or silent while people ask who they are."""

from __future__ import annotations

import socket
from functools import partial

from benchmarks.deployment import Plinto
from benchmarks.load import Stream, press
from benchmarks.monitor import sent_commands
from benchmarks.workloads import CONNECTIONS, Cell, Guest
from tests.servers.process import ServerError
from tests.servers.redis import RedisServer

# "silent" is a port that takes connections and never answers, as behind a firewall that drops.
STATES = ("well", "killed", "stalled", "silent")
_TRIES = 20


class FaultyRedis:
    """Harms the Redis of a deployment, and makes it well again."""

    def __init__(self, plinto: Plinto) -> None:
        self._plinto = plinto
        self._guest = Guest(plinto.running, plinto.tokens)
        self._asked = self._guest.me()
        self._silence: socket.socket | None = None

    @property
    def _redis(self) -> RedisServer:
        return self._plinto.world.redis

    def strike(self, state: str) -> None:
        match state:
            case "killed":
                self._redis.kill()
            case "stalled":
                self._redis.stall()
            case "silent":
                self._redis.kill()
                self._silence = socket.create_server(
                    ("127.0.0.1", self._redis.port), backlog=1_024, reuse_port=False
                )

    def heal(self) -> None:
        """
        Make Redis well, and start the web processes anew.

        Those that met the fault would go to Redis again only after their breakers' minute.

        :raises ServerError: they do not go to it
        """
        if self._silence is not None:
            self._silence.close()
            self._silence = None
        self._redis.heal()
        self._plinto.relaunch()
        for _ in range(_TRIES):
            with sent_commands(self._redis) as sent:
                asked = press(self._plinto.running.port, [Stream(8, self._asked)], 0.5)[0]
            if sent[0] >= asked.answered > 0:
                return
        raise ServerError("Redis is well, and not asked at every request.")

    def cells(self) -> list[Cell]:
        return [
            Cell(
                "Redis",
                self._guest.running,
                lambda _seconds: [Stream(CONNECTIONS, self._asked)],
                variant=state,
                strike=partial(self.strike, state),
                heal=self.heal if state != "well" else None,
            )
            for state in STATES
        ]
