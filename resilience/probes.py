"""
What readiness asks, as checks of django-health-check.

They run in the asking thread and by ``run()`` alone: the library's executor threads would each
open a database connection and keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import db
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from health_check.base import HealthCheck  # type: ignore[import-untyped]
from health_check.checks import Database  # type: ignore[import-untyped]
from health_check.exceptions import ServiceUnavailable, ServiceWarning  # type: ignore[import-untyped]

from resilience.redis import door

# What is found of a database that answers and takes no writes.
READ_ONLY = "read-only"

_migrated: set[str] = set()


@dataclass
class DatabaseAnswers(Database):  # type: ignore[misc]
    """
    The server takes a connection, answers a query, and would take a write.

    The connection does not come from the pool: an exhausted pool is a busy process, not a lost
    database, and taking the process out of rotation would make the others busier.
    """

    def run(self) -> None:
        if not _has_pool(self.alias):
            super().run()
            return
        own = unpooled(self.alias)
        try:
            with own.cursor() as cursor:
                # "on" on a standby, too.
                cursor.execute("SHOW transaction_read_only")
                [is_read_only] = cursor.fetchone()
        except db.Error as error:
            raise ServiceUnavailable(str(error).strip()) from error
        finally:
            own.close()
        if is_read_only == "on":
            raise ServiceUnavailable(READ_ONLY)


@dataclass
class MigrationsApplied(HealthCheck):  # type: ignore[misc]
    """Every migration of this code is applied; once seen, it is not asked again."""

    alias: str = "default"

    def run(self) -> None:
        if self.alias in _migrated:
            return
        own = unpooled(self.alias) if _has_pool(self.alias) else None
        try:
            executor = MigrationExecutor(own or connections[self.alias])
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except db.Error as error:
            raise ServiceUnavailable(str(error).strip()) from error
        finally:
            if own is not None:
                own.close()
        if missing:
            raise ServiceUnavailable(f"{len(missing)} migrations are not applied")
        _migrated.add(self.alias)


@dataclass
class RedisAnswers(HealthCheck):  # type: ignore[misc]
    """Redis reads and writes; without it everything works, some of it slower."""

    alias: str = "default"

    def run(self) -> None:
        found = door(self.alias)
        verdict = found.look() if found is not None else None
        if verdict is not None and verdict.trouble is not None:
            raise ServiceWarning(verdict.reason)


def unpooled(alias: str) -> BaseDatabaseWrapper:
    """Make a connection to the database ``alias`` outside its pool; close it after use."""
    configured = connections[alias]
    given = configured.settings_dict["OPTIONS"]
    options = {name: value for name, value in given.items() if name != "pool"}
    settings: dict[str, Any] = {**configured.settings_dict, "OPTIONS": options}
    return type(configured)(settings, alias)


def _has_pool(alias: str) -> bool:
    return bool(connections[alias].settings_dict["OPTIONS"].get("pool"))
