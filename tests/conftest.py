"""Fixtures that every part of the suite shares; ``servers.plugin`` has started what they need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
import pytest_django
from django.conf import settings as django_settings
from django.core.cache import caches
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from accounts.services import keys
from resilience.redis import door
from resilience.stores import store
from tests.api import Api
from tests.database import empty_quickly, end_vacuums
from tests.servers.plugin import redis_key
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.servers.smtp import SMTPSink

empty_quickly()
# How long drawing and trying take on a busy machine says nothing about what is tried.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def _plain_static_names() -> Iterator[None]:
    """Admin pages render without the manifest that ``collectstatic`` writes."""
    storages = {
        **django_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=storages):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite is tested as a file: its in-memory form locks by other rules."""
    config = django_settings.DATABASES["default"]
    if config["ENGINE"].endswith("sqlite3"):
        config["TEST"]["NAME"] = str(tmp_path_factory.mktemp("sqlite") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        end_vacuums()


@pytest.fixture(autouse=True)
def _no_leftovers_in_redis(pytestconfig: pytest.Config) -> Iterator[None]:
    """Each test begins with Redis up and empty and with a cache that trusts it."""
    yield
    redis, opened = pytestconfig.stash[redis_key], door("default")
    if redis is not None:
        redis.heal()
        redis.cli("FLUSHDB")
    if opened is not None and math.isfinite(opened.seconds_since_trouble()):
        # What was written aside during the trouble is dropped when trust ends and begins.
        opened.breaker.trip(reason="the test is over")
        opened.reset()
        store("default").journal.renew()
    caches["default"].clear()


@pytest.fixture
def redis_server(pytestconfig: pytest.Config) -> RedisServer:
    """The server behind ``REDIS_URL``, of this process alone; healed after the test."""
    redis = pytestconfig.stash[redis_key]
    if redis is None:
        pytest.skip("This run has no Redis.")
    return redis


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture(scope="session")
def _own_postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer.start() as server:
        yield server


@pytest.fixture
def postgres_server(_own_postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL server to harm, other than the one behind ``DATABASE_URL``."""
    yield _own_postgres_server
    _own_postgres_server.heal()


@pytest.fixture(scope="session")
def _smtp_sink() -> Iterator[SMTPSink]:
    with SMTPSink.start() as sink:
        yield sink


@pytest.fixture
def smtp(_smtp_sink: SMTPSink) -> Iterator[SMTPSink]:
    """A mail server that Django's mail goes to during the test."""
    _smtp_sink.clear()
    with override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=_smtp_sink.port,
        EMAIL_TIMEOUT=5,
    ):
        yield _smtp_sink


@pytest.fixture
def signing_key(db: None) -> Iterator[None]:
    """A key that signs at once; without one nobody can sign in."""
    with transaction.atomic():
        keys.rotate(now=timezone.now(), sign_in=timedelta(), overlap=timedelta())
    # A test before may have read an empty ring, and what is rolled back tells nobody.
    keys.ring.forget()
    yield
    keys.ring.forget()


@pytest.fixture
def api() -> Api:
    """A client without cookies yet."""
    return Api()


@pytest.fixture(scope="session")
def root() -> Path:
    """The directory of the repository."""
    return Path(__file__).resolve().parents[1]
