"""redis-py's lock with random tokens and with our exceptions."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from redis import lock as foreign
from redis.exceptions import LockError

from resilience.errors import RedisLockError


class Lock(foreign.Lock):
    """
    A lock that many processes share; only the holder's token releases it.

    redis-py makes tokens of the clock and the network card, which others can guess.
    """

    def __enter__(self) -> Lock:
        with _ours():
            super().__enter__()
        return self

    def acquire(self, *args: Any, **options: Any) -> bool:
        options.setdefault("token", secrets.token_hex(16))
        acquired: bool = super().acquire(*args, **options)
        return acquired

    def release(self) -> None:
        with _ours():
            super().release()

    def extend(self, additional_time: float, replace_ttl: bool = False) -> Literal[True]:  # noqa: FBT001, FBT002
        with _ours():
            return super().extend(additional_time, replace_ttl)

    def reacquire(self) -> Literal[True]:
        with _ours():
            return super().reacquire()


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except LockError as error:
        raise RedisLockError(reason=str(error)) from error
