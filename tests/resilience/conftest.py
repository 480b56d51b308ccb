"""A Redis to harm, doors and caches of one test, and threads that start together."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from resilience import breakers
from resilience.cache import ResilientCache
from resilience.circuit import Policy
from resilience.redis import Door
from tests.servers.fault_proxy import FaultProxy
from tests.servers.process import free_port
from tests.servers.redis import RedisServer

_numbers = itertools.count()


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Doors:
    """Doors to one server, each with breakers of its own, quick enough for tests."""

    url: str
    made: list[Door] = field(default_factory=list)

    def open(
        self, url: str = "", *, timeout: float = 0.2, connections: int = 8, **policy: float
    ) -> Door:
        rules = Policy(**{"recovery_timeout": 60.0, "probe_timeout": 0.1, **policy})
        door = Door(
            f"test-{next(_numbers)}",
            url=url or self.url,
            timeout=timeout,
            max_connections=connections,
            policy=rules,
        )
        self.made.append(door)
        return door


@pytest.fixture(scope="session")
def _own_server() -> Iterator[RedisServer]:
    with RedisServer.start() as server:
        yield server


@pytest.fixture
def server(_own_server: RedisServer) -> Iterator[RedisServer]:
    """A Redis to harm, other than the one behind ``REDIS_URL``; well and empty at the start."""
    yield _own_server
    _own_server.heal()
    _own_server.cli("CONFIG", "SET", "maxmemory", "0")
    _own_server.cli("FLUSHALL")


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[FaultProxy]:
    """A way to the server that goes wrong as told."""
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield proxy


@pytest.fixture
def doors(server: RedisServer) -> Iterator[Doors]:
    doors = Doors(server.url)
    yield doors
    for door in doors.made:
        close(door)


def close(door: Door) -> None:
    door.reset()
    door.pool.disconnect()
    breakers.forget(door.breaker.name)
    breakers.forget(door.writes.name)


@pytest.fixture
def make_cache() -> Iterator[Callable[..., ResilientCache]]:
    made: list[ResilientCache] = []

    def make(
        url: str, *, timeout: float = 0.5, late: float = 0.2, name: str = "", **breaker: float
    ) -> ResilientCache:
        name = name or f"cache-{next(_numbers)}"
        options = {
            "NAME": name,
            "TIMEOUT_SECONDS": timeout,
            "MAX_CONNECTIONS": 8,
            "LATE_SECONDS": late,
            "BREAKER": {"FAILURE_THRESHOLD": 1, "PROBE_TIMEOUT": 0.1, **breaker},
        }
        made.append(ResilientCache(url, {"KEY_PREFIX": name, "OPTIONS": options}))
        return made[-1]

    yield make
    for cache in made:
        if cache._store.door is not None:
            cache._store.journal.renew()
            close(cache._store.door)


@pytest.fixture
def nowhere() -> str:
    """The address of a Redis that refuses connections."""
    return f"redis://127.0.0.1:{free_port()}/0"


def eventually(condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Return once ``condition`` holds, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.005)


def at_once(threads: int, act: Callable[[], object]) -> list[object]:
    """Run ``act`` in so many threads that start together and switch often; return the answers."""
    barrier, answers = threading.Barrier(threads), []

    def run() -> None:
        barrier.wait()
        answers.append(act())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        runners = [threading.Thread(target=run) for _ in range(threads)]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join(30)
    finally:
        sys.setswitchinterval(before)
    return answers


@pytest.fixture
def unguarded(django_db_blocker) -> Iterator[None]:
    """Let a test use databases that are not the one that pytest-django guards."""
    with django_db_blocker.unblock():
        yield
