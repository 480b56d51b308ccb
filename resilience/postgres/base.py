"""The engine itself, in the module whose name Django prescribes."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

from django import db
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base as postgresql
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg import Connection, IsolationLevel, errors
from psycopg_pool import ConnectionPool

from resilience.postgres.connection import BoundedConnection
from resilience.postgres.gate import Gate, LentConnection, Pool, gate

Outcome = TypeVar("Outcome")


class DatabaseWrapper(postgresql.DatabaseWrapper):
    """
    PostgreSQL behind its gate when ``OPTIONS["pool"]`` is set.

    Without a pool, as the health pages and commands that watch want it, a connection passes no
    breaker and shows what is.
    """

    _is_to_be_asked = True

    @property
    def gate(self) -> Gate:
        return gate(self.alias)

    @property
    def pool(self) -> Pool | None:
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        return self.gate.pool(lambda: self._new_pool(options))

    def close_pool(self) -> None:
        if self.pool is not None:
            self.gate.close()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        level = self.settings_dict["OPTIONS"].get("isolation_level")
        self.isolation_level = IsolationLevel(level or IsolationLevel.READ_COMMITTED)
        pool = self.pool
        connection: Connection[Any] = (
            BoundedConnection.connect(**conn_params)
            if pool is None
            else self.gate.lend(pool, conn_params, is_asked=self._is_to_be_asked)
        )
        if level is not None:
            connection.isolation_level = self.isolation_level
        return connection

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 - Django passes it so
        # psycopg takes a lock and runs its machinery to change what is so already.
        held = self._held()
        if held is None or held.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]

    def again_if_lost(self, work: Callable[[], Outcome]) -> Outcome:
        """Do what ``repeatable`` promises."""
        if self._held() is not None or self.pool is None:
            return work()
        try:
            with self.gate.trusted(self._unasked()):
                return work()
        except (db.OperationalError, db.InterfaceError):
            lost = self._held()
            if lost is None or not lost.closed:
                raise
            self.close()
        return work()

    def _unasked(self) -> LentConnection:
        self._is_to_be_asked = False
        try:
            self.ensure_connection()
        finally:
            self._is_to_be_asked = True
        return cast(LentConnection, self._held())

    def _held(self) -> Connection[Any] | None:
        # Django's stubs say that it is always None.
        return cast("Connection[Any] | None", self.connection)

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return _Errors(self)

    def _new_pool(self, options: dict[str, Any]) -> Pool:
        return ConnectionPool(
            kwargs={**self.get_connection_params(), "autocommit": True},
            open=False,
            configure=self._configure_connection,  # type: ignore[attr-defined]
            connection_class=self.gate.connection_class(),
            **options,
        )


class _Errors(DatabaseErrorWrapper):
    """Lets go of a server that has become read-only, before the error goes up as Django's."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exc_value, errors.ReadOnlySqlTransaction):
            self.wrapper.gate.drain()  # type: ignore[attr-defined]
        super().__exit__(exc_type, exc_value, traceback)
