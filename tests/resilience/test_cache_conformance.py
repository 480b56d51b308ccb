"""The cache keeps every promise of the table, in every state, to both kinds of caller."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from plinto.kernel.exceptions import CacheError
from tests.resilience.canned import canned
from tests.resilience.conftest import eventually
from tests.resilience.promises import DOCUMENT, PROMISES, SITUATIONS, By, Promise, tables
from tests.servers.fault_proxy import FaultProxy
from tests.servers.redis import RedisServer

# A call may cost a connection and an answer; the rest is room for a busy machine.
LONGEST_WAIT = 3.0

# An exception of any other kind is no answer.
ANSWERS = (CacheError, TypeError, ValueError)

PROXIED = {"refused": "refuse", "black hole": "blackhole", "slow": "latency:0.3"}
CANNED = {"LOADING": b"-LOADING Redis is loading the dataset in memory\r\n"}


@contextmanager
def cannot_save() -> Iterator[tuple[str, object]]:
    """Start a server whose directory is then taken away."""
    place = tempfile.mkdtemp(prefix="plinto-misconf-")
    with RedisServer.start(None, "--save", "3600 1", "--dir", place) as server:

        def fail() -> None:
            shutil.rmtree(place)
            server.cli("BGSAVE")
            eventually(lambda: "rdb_last_bgsave_status:err" in server.cli("INFO", "persistence"))

        yield server.url, fail
        server.cli("CONFIG", "SET", "save", "")  # it would not end without having saved
    shutil.rmtree(Path(place), ignore_errors=True)


@contextmanager
def proxied(server: RedisServer, mode: str) -> Iterator[tuple[str, object]]:
    with FaultProxy(("127.0.0.1", server.port)) as proxy:
        yield f"redis://127.0.0.1:{proxy.port}/0", lambda: proxy.set(mode)


@contextmanager
def canned_each(reply: bytes) -> Iterator[tuple[str, object]]:
    with canned(reply, each=True) as url:
        yield url, lambda: None


@contextmanager
def locked() -> Iterator[tuple[str, object]]:
    with RedisServer.start(None, "--requirepass", "secret") as server:
        yield server.url, lambda: None


@pytest.fixture
def bring_about(server):
    """Return an address, and what must be called to bring the situation about there."""
    acts = {
        "healthy": lambda: None,
        "stalled": server.stall,
        "READONLY": lambda: server.cli("REPLICAOF", "127.0.0.1", "1"),
        "OOM": lambda: server.cli("CONFIG", "SET", "maxmemory", "1"),
        "flushed": lambda: server.cli("FLUSHALL"),
        "restarted": server.restart,
    }
    with ExitStack() as stack:

        def bring(name: str) -> tuple[str, object]:
            if name in PROXIED:
                return stack.enter_context(proxied(server, PROXIED[name]))
            if name in CANNED:
                return stack.enter_context(canned_each(CANNED[name]))
            if name in ("MISCONF", "NOAUTH"):
                return stack.enter_context(cannot_save() if name == "MISCONF" else locked())
            return server.url, acts[name]

        yield bring
    server.resume()
    server.cli("REPLICAOF", "NO", "ONE")


@pytest.fixture
def cache_in(bring_about, make_cache):
    """Make a cache that held the keys of the table before the situation came about."""

    def make(situation, **options):
        url, begin = bring_about(situation.name)
        # Neither threshold nor share of failures opens the circuit by itself, and no key is
        # settled while the table is walked.
        never = {"FAILURE_THRESHOLD": 10_000, "MIN_CALLS": 10_000, "late": 60}
        cache = make_cache(url, timeout=0.05, **never)
        if situation.name not in ("LOADING", "NOAUTH"):
            cache.set_many({one.held: 1 for one in PROMISES if one.held}, timeout=None)
        begin()
        return cache

    return make


def answer(cache, promise: Promise) -> object:
    try:
        return [one_step(cache, *step) for step in promise.steps][-1]
    except ANSWERS as error:
        return type(error).__name__


def one_step(cache, method: str, *arguments) -> object:
    *arguments, options = [*arguments, {}] if not has_options(arguments) else arguments
    if method == "pipeline":
        return cache.pipeline().set(cache.make_key("pi"), b"1").get(cache.make_key("pi")).execute()
    if method == "lock":
        with cache.lock(*arguments, blocking_timeout=1):
            return "held"
    found = getattr(cache, method)(*arguments, **options)
    return list(found) if method == "iter_keys" else found


async def answer_later(cache, promise: Promise) -> object:
    try:
        return [await one_step_later(cache, *step) for step in promise.steps][-1]
    except ANSWERS as error:
        return type(error).__name__


async def one_step_later(cache, method: str, *arguments) -> object:
    *arguments, options = [*arguments, {}] if not has_options(arguments) else arguments
    if method == "lock":
        async with cache.alock(*arguments, blocking_timeout=1):
            return "held"
    if method == "iter_keys":
        return [key async for key in cache.aiter_keys(*arguments)]
    return await getattr(cache, f"a{method}")(*arguments, **options)


def has_options(arguments: tuple) -> bool:
    return bool(arguments) and isinstance(arguments[-1], dict) and "stale" in arguments[-1]


def walk(cache, expected_by, *, later: bool) -> dict[str, tuple[object, object]]:
    """Ask for everything and return what was not as promised, or late."""
    wrong = {}
    for promise in PROMISES:
        if later and not promise.is_async:
            continue
        began = time.monotonic()
        got = asyncio.run(answer_later(cache, promise)) if later else answer(cache, promise)
        expected = promise.by(expected_by(promise))
        if (got, type(got)) != (expected, type(expected)):
            wrong[promise.does] = (got, expected)
        if time.monotonic() - began > LONGEST_WAIT * len(promise.steps):
            wrong[promise.does] = ("too late", expected)
    return wrong


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_every_promise_is_kept_from_the_first_failure_on(cache_in, situation, later):
    cache = cache_in(situation)
    assert walk(cache, lambda promise: situation.first(promise.kind), later=later) == {}


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    "situation", [one for one in SITUATIONS if one.opens], ids=lambda situation: situation.name
)
def test_every_promise_is_kept_while_the_circuit_is_open(cache_in, situation, later):
    cache = cache_in(situation)
    cache._store.door.writes.trip(reason="test")
    assert walk(cache, lambda _: By.LOCAL, later=later) == {}


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_every_promise_is_kept_without_redis(make_cache, later):
    assert walk(make_cache(""), lambda _: By.LOCAL, later=later) == {}


def test_the_document_shows_the_table():
    assert f"<!-- tables -->\n{tables()}\n<!-- end of tables -->" in DOCUMENT.read_text()
