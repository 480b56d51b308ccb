"""A deployment of its own for each journey: processes, a database, and people who live there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from django.test import override_settings

from accounts.models.user import new_trail_key
from accounts.rules import addresses
from plinto.kernel.ids import uuid7
from tests.factories import PASSWORD, encoded
from tests.journeys.clients import Answer, Caller, Visitor
from tests.servers.fault_proxy import FaultProxy
from tests.servers.plinto import PlintoServer
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

# A busy machine may give three of four connections to the same one of two processes.
_ASKED_TO_HEAR_BOTH = 16
_INSERT_PERSON = """
INSERT INTO accounts_user (id, password, is_superuser, email, email_key, email_verified_at, name,
    locale, timezone, is_active, is_staff, created_at, password_changed_at, version, trail_key)
VALUES (%s, %s, false, %s, %s, now(), '', '', '', true, false, now(), now(), 1, %s)
"""


@dataclass(frozen=True, slots=True)
class World:
    """The production server over its own PostgreSQL database and its own Redis."""

    web: PlintoServer
    redis: RedisServer
    database_url: str

    def caller(self, *, address: str = "127.0.0.1", is_kept: bool = True) -> Caller:
        return Caller(self.web.port, address=address, is_kept=is_kept)

    def visitor(self, email: str, *, address: str = "127.0.0.1", is_kept: bool = True) -> Visitor:
        return Visitor(self.caller(address=address, is_kept=is_kept), email)

    def heard(self, path: str) -> list[Answer]:
        """What the web processes answer at a public path, each by its own connection."""
        caller = self.caller(is_kept=False)
        return [caller.send("GET", path) for _ in range(_ASKED_TO_HEAR_BOTH)]

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement, committed, and return its rows if it has any."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def populate(self, count: int) -> list[str]:
        """Add people who proved their address and chose ``PASSWORD``; return the addresses."""
        emails = [f"{uuid4().hex}@example.com" for _ in range(count)]
        # Sealed as the servers do it.
        with override_settings(FIELD_KEYS=self.web.environment["FIELD_KEYS"].split(",")):
            rows = [
                (
                    uuid7(),
                    encoded(PASSWORD),
                    email,
                    addresses.canonical(email).key,
                    new_trail_key(),
                )
                for email in emails
            ]
        with psycopg.connect(self.database_url) as connection:
            connection.cursor().executemany(_INSERT_PERSON, rows)
        return emails


@contextmanager
def deployed(
    postgres: PostgresServer,
    *,
    redis: RedisServer | None = None,
    proxy: FaultProxy | None = None,
    **variables: str,
) -> Iterator[World]:
    """
    Start a deployment of two workers with four threads each, unless ``variables`` differ.

    With a ``proxy`` they reach the database through it; the ``World`` itself never does.
    """
    with RedisServer.start() if redis is None else nullcontext(redis) as redis:
        database_url = postgres.create_database(f"journey_{uuid4().hex}")
        settings = {
            "DATABASE_URL": database_url if proxy is None else _through(proxy, database_url),
            "REDIS_URL": redis.url,
            "TRUSTED_PROXIES": "127.0.0.1",
            "WEB_WORKERS": "2",
            "WEB_THREADS": "4",
            **variables,
        }
        with PlintoServer.start(**settings) as web:
            yield World(web, redis, database_url)


def _through(proxy: FaultProxy, url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}").geturl()
