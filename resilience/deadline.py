"""
How long one request may wait for Redis, whatever it asks of it and however often.

Ten cache reads against a Redis that has just stalled would cost ten timeouts before the breaker
opens. A request has one budget instead; when it is spent the door refuses at once, and no
breaker hears of that, because Redis was not asked.

The budget is in a context variable, so it follows the request into every thread and task that
Django copies the context to. Commands that run outside a request have none.
"""

from __future__ import annotations

from contextvars import ContextVar

# In timeouts of the door: one whole wait, which a breaker can judge, and a little for the answers
# before it. With the default REDIS_TIMEOUT that is 0.3 s.
SHARE = 1.2


class Budget:
    """What is left of one request's time; threads that share it may both be under way."""

    __slots__ = ("left",)

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, seconds: float) -> None:
        self.left -= seconds


_of_request: ContextVar[Budget | None] = ContextVar("redis_budget", default=None)

current = _of_request.get
"""Return the budget of the running request, ``None`` outside of one."""


class budget:  # noqa: N801 - used as the function that it would be, at half the price
    """Give the block ``seconds`` of Redis time in all, or what is left of the block around it."""

    __slots__ = ("_given", "_token")

    def __init__(self, seconds: float) -> None:
        self._given = _of_request.get() or Budget(seconds)

    def __enter__(self) -> Budget:
        self._token = _of_request.set(self._given)
        return self._given

    def __exit__(self, *_error: object) -> None:
        _of_request.reset(self._token)
