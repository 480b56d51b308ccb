from __future__ import annotations

import pytest
from django.db import connection

from resilience.checks import pool_budget, redis_budgets


@pytest.fixture
def configure(settings):
    def configure(**changes) -> list[str]:
        config = settings.CACHES["default"]
        location = changes.pop("LOCATION", "redis://127.0.0.1:6379/0")
        options = {**config["OPTIONS"], **changes}
        settings.CACHES = {"default": {**config, "LOCATION": location, "OPTIONS": options}}
        return [message.id for message in redis_budgets(None)]

    return configure


def test_the_settings_as_they_are_raise_nothing(configure):
    assert configure() == []


@pytest.mark.parametrize("timeout", [None, 0, 60])
def test_a_missing_or_endless_timeout_is_found(configure, timeout):
    assert configure(TIMEOUT_SECONDS=timeout) == ["resilience.E001"]


def test_a_pool_smaller_than_the_threads_is_found(configure, settings):
    assert configure(MAX_CONNECTIONS=settings.WEB_THREADS - 1) == ["resilience.E002"]


def test_an_address_that_overrules_the_timeouts_is_found(configure):
    assert configure(LOCATION="redis://host/0?socket_timeout=10") == ["resilience.E003"]
    assert configure(LOCATION="rediss://host/0?ssl_cert_reqs=required") == []


def test_two_aliases_behind_one_breaker_are_found(settings):
    config = settings.CACHES["default"]
    settings.CACHES = {"default": config, "other": config}
    assert [message.id for message in redis_budgets(None)] == ["resilience.E004"]


@pytest.mark.django_db
def test_pools_that_together_exceed_the_server_are_found(settings):
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    assert pool_budget(None, databases=["default"]) == []
    settings.WEB_WORKERS = 10_000
    assert [message.id for message in pool_budget(None, databases=["default"])] == [
        "resilience.W001"
    ]


def test_no_database_is_asked_unless_it_was_named():
    assert pool_budget(None) == []
