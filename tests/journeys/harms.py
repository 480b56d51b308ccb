"""How Redis is brought into each state that the degrade contract names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.journeys.world import World, deployed
from tests.servers.fault_proxy import FaultProxy
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.servers.redis import RedisServer


@dataclass(frozen=True, slots=True)
class Harm:
    """What is done to Redis, or to the proxy in front of it if there has to be one."""

    act: Callable[[RedisServer, FaultProxy], object]
    is_proxied: bool = False


HARMS = {
    "gone": Harm(lambda redis, _: redis.kill()),
    "stalled": Harm(lambda redis, _: redis.stall()),
    # Slower than the breaker bears, quicker than the timeout.
    "slow": Harm(lambda _, proxy: proxy.set("latency:0.11"), is_proxied=True),
    # A replica of nobody: it answers reads with what it had, and refuses writes.
    "read_only": Harm(lambda redis, _: redis.cli("REPLICAOF", "127.0.0.1", free_port())),
    "empty": Harm(lambda redis, _: redis.restart()),
}


@contextmanager
def deployed_to_harm(
    postgres: PostgresServer, harm: Harm, **variables: str | bool
) -> Iterator[tuple[World, Callable[[], object]]]:
    """Start a deployment over a Redis that is well until the second of the two is called."""
    with RedisServer.start() as redis, FaultProxy(("127.0.0.1", redis.port)) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0" if harm.is_proxied else redis.url
        with deployed(postgres, redis=redis, REDIS_URL=url, **variables) as world:
            yield world, lambda: harm.act(redis, proxy)
