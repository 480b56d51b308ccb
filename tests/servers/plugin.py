"""
Starts the servers that the settings name, before Django reads the environment.

Loaded with ``-p tests.servers.plugin``: a conftest would come too late. PostgreSQL is started
once by the first process and its workers find it in the environment they inherit; Redis is so
quick to start that every process has its own, which a test may kill without harm to another.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import FrameType
from urllib.parse import urlsplit

import pytest

from tests.servers.environment import production_environment
from tests.servers.postgres import PostgresServer
from tests.servers.process import temporary_directory
from tests.servers.redis import RedisServer

servers_key = pytest.StashKey[ExitStack]()
redis_key = pytest.StashKey[RedisServer | None]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    running = early_config.stash[servers_key] = ExitStack()
    early_config.add_cleanup(running.close)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    directory = temporary_directory("tests")
    running.callback(shutil.rmtree, directory, ignore_errors=True)
    if os.environ.get("PLINTO_TEST_DATABASE") == "sqlite":
        redis, database_url = None, f"sqlite:///{directory / 'plinto.sqlite3'}"
    else:
        redis, database_url = _redis(running), _database_url(running)
    early_config.stash[redis_key] = redis
    os.environ.update(
        production_environment(
            var_dir=directory,
            DATABASE_URL=database_url,
            REDIS_URL=redis.url if redis else "",
            # Tests of races run more threads at once than two workers would.
            WEB_THREADS="24",
            # And their hashes, one after the other, would wait longer than a request may.
            HASH_SLOTS="4",
        )
    )
    return (yield)


def _database_url(running: ExitStack) -> str:
    server = running.enter_context(PostgresServer.from_environment())
    # Workers inherit this name and use the server instead of starting one each.
    os.environ["TEST_DATABASE_URL"] = server.url
    return server.url


def _redis(running: ExitStack) -> RedisServer:
    server = running.enter_context(RedisServer.from_environment())
    if not server.is_ours:
        # One logical database each, or a worker would empty what another is using.
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        server.url = urlsplit(server.url)._replace(path=f"/{worker}").geturl()
    return server


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Let SIGTERM end the run as Ctrl-C does, with every server stopped."""
    raise KeyboardInterrupt
