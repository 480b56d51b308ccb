"""
What each error of redis-py says about Redis: the table that decides what opens a circuit.

redis-py's own hierarchy cannot be used for that. A wrong password and a full pool of connections
are ``ConnectionError`` there, a timeout is not, and neither is one of Python's own.
"""

from __future__ import annotations

from enum import IntEnum

from redis import exceptions as foreign

from plinto.kernel.exceptions import CacheError
from resilience.errors import CircuitOpenError, RedisCommandError, RedisUnavailableError


class Trouble(IntEnum):
    """What an error says; of several errors in one visit the greatest counts."""

    CALLER = 1  # the command was wrong, and Redis is well
    LOCAL = 2  # this process ran out of connections
    WRITES = 3  # Redis answers and refuses writes
    REPLICA = 4  # it is a replica: it refuses writes, and what it reads may be old
    DENIED = 5  # wrong password or missing right: an operator has to act
    DOWN = 6


# The first line that matches decides, so the subclasses stand above their bases.
_BY_CLASS: tuple[tuple[tuple[type[BaseException], ...], Trouble], ...] = (
    ((CircuitOpenError, foreign.MaxConnectionsError), Trouble.LOCAL),
    (
        (
            foreign.AuthenticationError,
            foreign.AuthorizationError,
            foreign.ExternalAuthProviderError,
            foreign.NoPermissionError,
        ),
        Trouble.DENIED,
    ),
    ((foreign.ReadOnlyError,), Trouble.REPLICA),
    ((foreign.OutOfMemoryError, foreign.TryAgainError), Trouble.WRITES),
    (
        (
            foreign.ConnectionError,
            foreign.TimeoutError,
            foreign.InvalidResponse,
            foreign.ClusterDownError,
            foreign.ChildDeadlockedError,
            OSError,
        ),
        Trouble.DOWN,
    ),
)
# First words of answers that redis-py leaves as plain ``ResponseError``. BUSYGROUP and BUSYKEY
# begin alike and are bugs of the caller, so the whole word is compared.
_REFUSED_WRITES = frozenset({"MISCONF", "NOREPLICAS", "BUSY", "UNKILLABLE"})

_NAMES = {Trouble.REPLICA: "readonly", Trouble.DENIED: "denied"}

# These are how redis-py talks to its own scripts, locks and transactions.
PASSING = (foreign.NoScriptError, foreign.WatchError, foreign.LockError)


def judge(error: BaseException) -> Trouble:
    """Classify an error of redis-py."""
    for classes, trouble in _BY_CLASS:
        if isinstance(error, classes):
            return trouble
    return Trouble.WRITES if _first_word(error) in _REFUSED_WRITES else Trouble.CALLER


def reason_of(error: BaseException) -> str:
    """Name an error in one word, without host names or keys."""
    word = _first_word(error)
    if word in _REFUSED_WRITES:
        return word
    return _NAMES.get(judge(error), type(error).__name__)


def translated(error: BaseException) -> CacheError:
    """Make our exception of a foreign one; its text stays in the log."""
    if isinstance(error, CircuitOpenError):
        return RedisUnavailableError(reason=f"circuit open: {error.reason}")
    reason = f"{type(error).__name__}: {error}"
    if judge(error) is Trouble.CALLER:
        return RedisCommandError(reason=reason)
    return RedisUnavailableError(reason=reason)


def _first_word(error: BaseException) -> str:
    if not isinstance(error, foreign.ResponseError):
        return ""
    # A pipeline puts the number and the words of the command before the answer.
    return str(error).rpartition(" of pipeline caused error: ")[2].split(" ", 1)[0]
