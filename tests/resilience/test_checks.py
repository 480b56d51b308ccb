from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from resilience import presence
from resilience.checks import RESERVED_CONNECTIONS, pool_budget, redis_budgets
from resilience.models import Process
from resilience.presence import Kind


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


@pytest.fixture
def room(db) -> int:
    """Connections that the server has for Plinto."""
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        return int(cursor.fetchone()[0]) - RESERVED_CONNECTIONS


def pools() -> list[str]:
    return [str(message) for message in pool_budget(None, databases=["default"])]


def pool_size() -> int:
    return connection.settings_dict["OPTIONS"]["pool"]["max_size"]


def test_pools_that_together_exceed_the_server_are_found(settings, room):
    assert pools() == []
    settings.WEB_WORKERS = 10_000
    [told] = pools()
    assert "resilience.W001" in told
    assert f"room for {room}" in told


def test_what_processes_hold_besides_their_pools_counts_too(settings, room):
    settings.WEB_WORKERS = room // pool_size()
    [told] = pools()
    assert f"{settings.WEB_WORKERS} web processes and 1 of the worker" in told


def test_every_worker_that_lives_counts_and_none_that_is_gone(room):
    now = timezone.now()
    lives = [presence.Life(kind=Kind.WORKER) for _ in range(room)]
    for life in lives:
        presence.show(life, figures={}, unsettled=0, now=now, ended_at=now)
    assert pools() == []
    Process.objects.update(ended_at=None)
    assert f"{room} of the worker" in pools()[0]


def test_a_database_that_was_never_migrated_can_be_checked(room):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE resilience_process CASCADE")
    assert pools() == []


def test_prepare_tells_of_a_server_that_is_too_small_and_goes_on(settings, room, capsys):
    settings.WEB_WORKERS = room
    call_command("prepare")
    assert "resilience.W001" in capsys.readouterr().err
    settings.WEB_WORKERS = 1
    call_command("prepare")
    assert capsys.readouterr().err == ""


def test_no_database_is_asked_unless_it_was_named():
    assert pool_budget(None) == []
