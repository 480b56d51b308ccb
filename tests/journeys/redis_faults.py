"""The ways in which a Redis goes wrong, each for as long as its block lasts."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.journeys.waiting import eventually
from tests.servers.fault_proxy import FaultProxy
from tests.servers.process import free_port
from tests.servers.redis import RedisReplyError, RedisServer

_OPERATOR, _PASSWORD = "operator", secrets.token_hex(16)
_FULL = 1  # byte of memory, less than an empty server takes
_ROOM = 300_000  # bytes beyond what is used: the copies of a few sessions and not many more
_FILLING = "x" * 10_000
_KEYS_ON_DISK = 400
_KEY_LOAD_DELAY = 100_000  # microseconds: less than a client waits


@contextmanager
def network(proxy: FaultProxy, mode: str) -> Iterator[None]:
    """The way to Redis is as ``mode`` of the proxy says; what Redis holds stays."""
    proxy.set(mode)
    try:
        yield
    finally:
        proxy.set("ok")


@contextmanager
def stalled(redis: RedisServer) -> Iterator[None]:
    """SIGSTOP; when it goes on it carries out what was sent meanwhile."""
    redis.stall()
    try:
        yield
    finally:
        redis.resume()


@contextmanager
def configured(redis: RedisServer, **options: str | int) -> Iterator[None]:
    """CONFIG SET ``options``, and what they were afterwards."""
    names = [name.replace("_", "-") for name in options]
    before = [redis.cli("CONFIG", "GET", name)[1] for name in names]
    for name, value in zip(names, options.values(), strict=True):
        redis.cli("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        for name, value in zip(names, before, strict=True):
            redis.cli("CONFIG", "SET", name, value)


@contextmanager
def full(redis: RedisServer) -> Iterator[None]:
    """No memory left and none given back: reads are answered, writes refused with OOM."""
    with configured(redis, maxmemory=_FULL, maxmemory_policy="noeviction"):
        yield


@contextmanager
def evicting(redis: RedisServer) -> Iterator[None]:
    """Under such pressure that keys vanish within moments, whatever their expiry."""
    room = int(info(redis, "used_memory")) + _ROOM
    with (
        configured(redis, maxmemory=room, maxmemory_policy="allkeys-lru"),
        again_and_again(
            lambda: redis.cli("SET", f"filling:{secrets.token_hex(4)}", _FILLING, "EX", 5)
        ),
    ):
        yield


@contextmanager
def a_replica(redis: RedisServer) -> Iterator[None]:
    """Made a replica of another server, as after a failover, and made a primary again."""
    with RedisServer.start() as primary:
        redis.cli("REPLICAOF", "127.0.0.1", primary.port)
        eventually(lambda: info(redis, "master_link_status") == "up", seconds=20)
        try:
            yield
        finally:
            redis.cli("REPLICAOF", "NO", "ONE")


@contextmanager
def without_its_primary(redis: RedisServer) -> Iterator[None]:
    """A replica that has lost its primary and may not serve old values: MASTERDOWN."""
    with configured(redis, replica_serve_stale_data="no"):
        redis.cli("REPLICAOF", "127.0.0.1", free_port())
        try:
            yield
        finally:
            redis.cli("REPLICAOF", "NO", "ONE")


@contextmanager
def loading(redis: RedisServer) -> Iterator[None]:
    """Crashed and loading its last save, key by key; it ends with values of before the crash."""
    for number in range(_KEYS_ON_DISK):
        redis.cli("SET", f"filling:{number}", secrets.token_hex(1024), "EX", 60)
    redis.restart_from_disk(
        *(
            "--key-load-delay",
            str(_KEY_LOAD_DELAY),
            "--loading-process-events-interval-bytes",
            "1024",
        )
    )
    try:
        yield
    finally:
        eventually(lambda: _accepts(redis, "CONFIG", "SET", "key-load-delay", 0), seconds=10)
        eventually(lambda: _accepts(redis, "GET", "filling:0"), seconds=30)


@contextmanager
def busy(redis: RedisServer) -> Iterator[None]:
    """In a script without end: everybody else is told BUSY."""
    with configured(redis, lua_time_limit=50):
        redis.begin("EVAL", "while true do end", 0)
        eventually(lambda: not _accepts(redis, "GET", "any"), seconds=10)
        try:
            yield
        finally:
            redis.cli("SCRIPT", "KILL")
            eventually(lambda: _accepts(redis, "GET", "any"), seconds=10)


@contextmanager
def asking_for_a_password(redis: RedisServer) -> Iterator[None]:
    """It has a password now, which Plinto was not told."""
    with _operated(redis):
        redis.cli("CONFIG", "SET", "requirepass", secrets.token_hex(16))
        # Who has logged in stays so until the connection ends.
        redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try:
            yield
        finally:
            redis.cli("CONFIG", "SET", "requirepass", "")
            redis.cli("ACL", "SETUSER", "default", "nopass")


@contextmanager
def denying_rights(redis: RedisServer) -> Iterator[None]:
    """An access list that lets Plinto in and allows nothing but PING."""
    with _operated(redis):
        redis.cli("ACL", "SETUSER", "default", "-@all", "+ping")
        try:
            yield
        finally:
            redis.cli("ACL", "SETUSER", "default", "+@all")


@contextmanager
def again_and_again(act: Callable[[], object], *, every: float = 0.005) -> Iterator[None]:
    """Do ``act`` all the time."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every):
            with suppress(OSError, RedisReplyError):
                act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def info(redis: RedisServer, name: str) -> str:
    """Read one line of INFO."""
    lines = str(redis.cli("INFO", "everything")).splitlines()
    [value] = [line.partition(":")[2] for line in lines if line.startswith(f"{name}:")]
    return value


@contextmanager
def _operated(redis: RedisServer) -> Iterator[None]:
    """Give commands as somebody whom no change to the default account concerns."""
    redis.cli("ACL", "SETUSER", _OPERATOR, "on", f">{_PASSWORD}", "~*", "&*", "+@all")
    plain, parts = redis.url, urlsplit(redis.url)
    redis.url = parts._replace(netloc=f"{_OPERATOR}:{_PASSWORD}@{parts.netloc}").geturl()
    try:
        yield
    finally:
        redis.url = plain


def _accepts(redis: RedisServer, *words: str | int) -> bool:
    try:
        redis.cli(*words)
    except (OSError, RedisReplyError):
        return False
    return True
