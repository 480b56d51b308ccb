"""System checks: budgets that contradict each other are found at start, not in an outage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

BACKEND = "resilience.cache.ResilientCache"

# PostgreSQL keeps some connections for superusers, and migrations, workers and operators need
# theirs; this many are left to them.
RESERVED_CONNECTIONS = 10

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
    """All pools together fit the server: a pool of 150 per process has taken one down."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        pool = connection.settings_dict.get("OPTIONS", {}).get("pool")
        if connection.vendor != "postgresql" or not pool:
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW max_connections")
            allowed = int(cursor.fetchone()[0]) - RESERVED_CONNECTIONS
        wanted = settings.WEB_WORKERS * pool["max_size"]
        if wanted > allowed:
            found.append(
                Warning(
                    f"{settings.WEB_WORKERS} workers may open {wanted} connections to {alias!r}, "
                    f"which has room for {allowed}.",
                    hint="Lower DB_POOL_TOTAL or WEB_THREADS, or raise max_connections.",
                    id="resilience.W001",
                )
            )
    return found


def _error(number: int, text: str) -> Error:
    return Error(f"Cache settings: {text}.", id=f"resilience.E{number:03}")
