"""System checks: budgets that contradict each other are found at start, not in an outage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from resilience import presence
from resilience.models import Process
from resilience.worker import roster

BACKEND = "resilience.cache.ResilientCache"

# PostgreSQL keeps three connections for superusers, and migrations, backups and operators need
# theirs; this many are left to them.
RESERVED_CONNECTIONS = 10
# What a process may hold besides its pool: the reporter its own, and the probe of a shut gate one;
# in a web process also the two health pages that read rows, and a scrape.
BESIDES_IN_WORKER = 2
BESIDES_IN_WEB = 5

# What a Redis URL may not decide, because its query would win over the settings.
_DECIDED_HERE = {"socket_timeout", "socket_connect_timeout", "retry_on_timeout", "protocol"}


@register(Tags.caches)
def redis_budgets(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_: Any,
) -> list[CheckMessage]:
    """Every alias has a timeout, enough connections, and a name of its own."""
    found: list[CheckMessage] = []
    names: dict[str, str] = {}
    caches: dict[str, dict[str, Any]] = settings.CACHES
    for alias, config in caches.items():
        if config.get("BACKEND") != BACKEND:
            continue
        found.extend(_of_one(alias, config))
        name = config.get("OPTIONS", {}).get("NAME", "default")
        if name in names:
            found.append(_error(4, f"{alias!r} and {names[name]!r} share one breaker and fallback"))
        names[name] = alias
    return found


def _of_one(alias: str, config: dict[str, Any]) -> Iterator[CheckMessage]:
    options = config.get("OPTIONS", {})
    timeout = options.get("TIMEOUT_SECONDS")
    if not timeout or timeout > 5:
        yield _error(
            1, f"{alias!r} has no TIMEOUT_SECONDS of at most 5: a stall would hang requests"
        )
    if options.get("MAX_CONNECTIONS", 0) < settings.WEB_THREADS:
        yield _error(2, f"{alias!r} has fewer MAX_CONNECTIONS than a process has threads")
    overruled = _DECIDED_HERE & parse_qs(urlsplit(config.get("LOCATION", "")).query).keys()
    if overruled:
        yield _error(3, f"the address of {alias!r} overrules {', '.join(sorted(overruled))}")


@register(Tags.database)
def pool_budget(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    databases: Sequence[str] | None = None,
    **_: Any,
) -> list[CheckMessage]:
    """All processes together fit the server: a pool of 150 per process has taken one down."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        pool = connection.settings_dict.get("OPTIONS", {}).get("pool")
        if connection.vendor != "postgresql" or not pool:
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW max_connections")
            allowed = int(cursor.fetchone()[0]) - RESERVED_CONNECTIONS
        web, workers = settings.WEB_WORKERS, _workers(connection)
        # A worker has a thread for each queue and each slow chore, and one that keeps house.
        slow = sum(chore.is_slow for chore in roster.chores.values())
        in_worker = min(len(roster.queues) + slow + 1, pool["max_size"]) + BESIDES_IN_WORKER
        wanted = web * (pool["max_size"] + BESIDES_IN_WEB) + workers * in_worker
        if wanted > allowed:
            found.append(
                Warning(
                    f"{web} web processes and {workers} of the worker may open {wanted} "
                    f"connections to {alias!r}, which has room for {allowed}.",
                    hint="Lower DB_POOL_TOTAL or WEB_THREADS, or raise max_connections.",
                    id="resilience.W001",
                )
            )
    return found


def _workers(connection: BaseDatabaseWrapper) -> int:
    """Count the workers that live, and at least the one that every deployment needs."""
    # The check also runs before the first migration.
    if Process._meta.db_table not in connection.introspection.table_names():
        return 1
    return max(1, presence.live_workers(now=timezone.now(), alias=connection.alias))


def _error(number: int, text: str) -> Error:
    return Error(f"Cache settings: {text}.", id=f"resilience.E{number:03}")
