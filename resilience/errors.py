"""
What this layer refuses, and what it could not do.

NotFoundError
└── UnknownBreaker                 an order for a breaker that no process has
PlintoServiceException
├── CircuitOpenError               a breaker keeps calls away from a dependency
├── OutboundRefusedError           nothing was sent: Plinto does not go to that address
├── OutboundFailedError            a server outside gave no usable answer
└── CacheError
    ├── RedisUnavailableError      Redis gave no answer that may be trusted: use the fallback
    ├── RedisCommandError          Redis understood and refused: a bug of the caller
    └── RedisLockError             somebody else holds the lock
"""

from __future__ import annotations

from plinto.kernel.exceptions import CacheError, NotFoundError, PlintoServiceException


class UnknownBreaker(NotFoundError):
    default_message = "No process has a breaker of this name."


class CircuitOpenError(PlintoServiceException):
    """The dependency ``name`` is not called, because it has been failing; ``reason`` says how."""

    def __init__(self, *, name: str, reason: str) -> None:
        super().__init__(reason=reason)
        self.name = name


class OutboundRefusedError(PlintoServiceException):
    """The address is none that Plinto sends to; nothing was sent."""


class OutboundFailedError(PlintoServiceException):
    """The server could not be reached, was too slow, or said too much or too little."""


class RedisUnavailableError(CacheError):
    """
    Redis was not asked, did not answer, or answered that it cannot serve.

    A write that timed out may still have been carried out, so nothing is ever sent twice.
    """


class RedisCommandError(CacheError):
    """The command itself was wrong: a value of another type, a wrong argument."""


class RedisLockError(CacheError):
    """The lock is somebody else's: it was not free in time, or ended before its release."""
