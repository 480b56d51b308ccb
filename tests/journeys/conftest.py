"""Servers of the journeys: theirs alone, whatever stores the rest of the run uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial

import pytest

from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer
from tests.servers.smtp import SMTPSink

pytest.register_assert_rewrite(
    "tests.journeys.carriers",
    "tests.journeys.probers",
    "tests.journeys.probers_at_doors",
    "tests.journeys.probers_of_factors",
    "tests.journeys.probers_of_privacy",
    "tests.journeys.probers_of_letters",
    "tests.journeys.probers_of_passkeys",
    "tests.journeys.clubs",
    "tests.journeys.busy_clubs",
    "tests.journeys.probers_of_organizations",
    "tests.journeys.probers_of_social",
    "tests.journeys.probers_of_saml",
    "tests.journeys.corporations",
    "tests.journeys.probers_of_domains",
    "tests.journeys.probers_of_terms",
    "tests.journeys.probers_of_endpoints",
    "tests.journeys.probers_of_connections",
    "tests.journeys.probers_of_openid",
)


@pytest.fixture(autouse=True)
def _once_is_enough() -> None:
    if os.environ.get("PLINTO_TEST_DATABASE") == "sqlite":
        pytest.skip("Journeys choose their own stores; make test walks them.")


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server of the run, in which each journey has a database; not to be harmed."""
    with PostgresServer.from_environment() as server:
        yield server


@pytest.fixture
def deploy(shared_postgres: PostgresServer) -> Iterator[Callable[..., World]]:
    """Start deployments that end with the test; keywords are settings."""
    with ExitStack() as running:
        start: Callable[..., AbstractContextManager[World]] = partial(deployed, shared_postgres)
        yield lambda **variables: running.enter_context(start(**variables))


@pytest.fixture
def sink() -> Iterator[SMTPSink]:
    """A mail server for one deployment."""
    with SMTPSink.start() as server:
        yield server
