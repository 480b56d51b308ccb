"""A connection whose every wait for the server ends by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import RV, PQGen

from resilience.postgres import patience

# psycopg's own, at which it looks for Ctrl-C.
_INTERVAL = 0.1


class BoundedConnection(psycopg.Connection[Any]):
    """
    A connection that is closed once the server has been silent for too long.

    ``statement_timeout`` is the server's promise, and a server that is stopped, or behind a
    network that drops packets, keeps none. ``tcp_user_timeout`` sees lost packets, yet not a
    machine whose kernel goes on acknowledging for a process that hangs.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._longest = patience.longest_answer()

    def wait(self, gen: PQGen[RV], interval: float = _INTERVAL, timeout: float | None = None) -> RV:
        """
        Wait for the server, everything else psycopg does comes through here.

        :raises psycopg.OperationalError: no answer in time; the connection is closed
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        longest, left, began = self._longest, patience.for_an_answer(), time.monotonic()
        try:
            return super().wait(gen, interval, min(longest, left))
        except errors._WaitTimeout as error:
            # Its answer, if it ever comes, would be read as the answer to the next statement.
            self.close()
            if longest <= left:
                self.fell_silent()
            raise psycopg.OperationalError("the server did not answer in time") from error
        finally:
            patience.waited_for_an_answer(time.monotonic() - began)

    @contextmanager
    def impatient(self, *, seconds: float) -> Iterator[None]:
        """Wait ``seconds`` at most for each answer within the block."""
        before, self._longest = self._longest, seconds
        try:
            yield
        finally:
            self._longest = before

    def fell_silent(self) -> None:
        """Hear that a healthy server would have answered; whoever lends connections overrides."""
