"""
What the cache answers, operation by operation and state by state, as data.

``test_cache_conformance`` holds the cache to it; ``docs/cache.md`` shows it to people. After a
change here, ``python -m tests.resilience.promises`` writes the document's tables anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cache.md"


class Kind(StrEnum):
    """What Redis needs to be able to do for an operation."""

    READ = "read"
    WRITE = "write"
    CHANGE = "change"  # a write that takes no memory


class By(StrEnum):
    """Who answers."""

    REDIS = "Redis"
    EMPTY = "Redis, which lost everything"
    LOCAL = "this process"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """``first`` answers before the circuit has opened, by kind; it opens for all kinds alike."""

    name: str
    what: str
    reads: By = By.LOCAL
    writes: By = By.LOCAL
    changes: By = By.LOCAL
    opens: bool = True

    def first(self, kind: Kind) -> By:
        return {Kind.READ: self.reads, Kind.WRITE: self.writes, Kind.CHANGE: self.changes}[kind]


SITUATIONS = [
    Situation(
        name="healthy",
        what="answers within the timeout",
        reads=By.REDIS,
        writes=By.REDIS,
        changes=By.REDIS,
        opens=False,
    ),
    Situation(name="refused", what="nobody listens"),
    Situation(name="stalled", what="connects, and never answers"),
    Situation(name="black hole", what="packets vanish, on open connections too"),
    Situation(name="slow", what="300 ms of latency, more than the timeout"),
    Situation(name="LOADING", what="reads its data in after a restart"),
    Situation(name="READONLY", what="has become a replica", reads=By.REDIS),
    Situation(name="OOM", what="`maxmemory` without eviction", reads=By.REDIS, changes=By.REDIS),
    Situation(name="MISCONF", what="cannot save, and so refuses writes", reads=By.REDIS),
    Situation(name="NOAUTH", what="wants a password that it is not given"),
    Situation(
        name="flushed",
        what="`FLUSHALL` by somebody",
        reads=By.EMPTY,
        writes=By.EMPTY,
        changes=By.EMPTY,
        opens=False,
    ),
    Situation(
        name="restarted",
        what="restarted empty between two calls",
        reads=By.EMPTY,
        writes=By.EMPTY,
        changes=By.EMPTY,
        opens=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """
    The answer of the last of ``steps``; an exception is the name of its class.

    ``held`` is a key that was set to 1, for ever, before the trouble began. ``shared`` is Redis's
    answer, ``empty`` that of a Redis which lost everything, ``local`` that of the process alone.
    """

    does: str
    steps: tuple[tuple[Any, ...], ...]
    kind: Kind
    shared: Any
    local: Any
    empty: Any = "like Redis"
    held: str = ""
    is_async: bool = True

    def by(self, whom: By) -> Any:
        if whom is By.LOCAL:
            return self.local
        is_special = whom is By.EMPTY and self.empty != "like Redis"
        return self.empty if is_special else self.shared


def _same(does: str, kind: Kind, answer: Any, *steps: tuple[Any, ...]) -> Promise:
    """Who answers makes no difference."""
    return Promise(does=does, steps=steps, kind=kind, shared=answer, local=answer)


def _lost(
    does: str, kind: Kind, shared: Any, local: Any, held: str, *steps: tuple[Any, ...]
) -> Promise:
    """About a key of before the trouble: as good as gone for whoever cannot ask Redis."""
    return Promise(
        does=does, steps=steps, kind=kind, shared=shared, local=local, empty=local, held=held
    )


def _only(does: str, kind: Kind, shared: Any, *steps: tuple[Any, ...]) -> Promise:
    """Redis or nobody."""
    return Promise(does=does, steps=steps, kind=kind, shared=shared, local="RedisUnavailableError")


READ, WRITE, CHANGE = Kind.READ, Kind.WRITE, Kind.CHANGE
_SCORES = {"a": 1.0, "b": 2.0}

PROMISES = [
    _lost("`get` a key set before", READ, 1, None, "g", ("get", "g")),
    _lost("`get_many` of it", READ, {"gm": 1}, {}, "gm", ("get_many", ["gm", "no"])),
    _lost("`has_key` of it", READ, True, False, "h", ("has_key", "h")),
    _lost("`ttl` of it", READ, None, 0, "t", ("ttl", "t")),
    _lost("`keys` that match it", READ, ["k"], [], "k", ("keys", "k*")),
    _lost("`iter_keys` that match it", READ, ["ik"], [], "ik", ("iter_keys", "ik*")),
    _lost("`add` over it", WRITE, False, True, "a", ("add", "a", 2)),
    _lost("`incr` it", WRITE, 2, "ValueError", "i", ("incr", "i")),
    _lost("`decr` it", WRITE, 0, "ValueError", "d", ("decr", "d")),
    _lost("`get_or_set` it", READ, 1, 2, "gs", ("get_or_set", "gs", 2)),
    _lost("`incr_version` of it", CHANGE, 2, "ValueError", "v", ("incr_version", "v")),
    _lost("`touch` it", CHANGE, True, False, "to", ("touch", "to", 60)),
    _lost("`persist` it", CHANGE, True, False, "p", ("expire", "p", 60), ("persist", "p")),
    _lost("`expire` it", CHANGE, True, False, "e", ("expire", "e", 60)),
    _lost("`pexpire` it", CHANGE, True, False, "pe", ("pexpire", "pe", 60_000)),
    _lost("`expire_at` a moment", CHANGE, True, False, "ea", ("expire_at", "ea", 4e9)),
    _lost("`delete` it", CHANGE, True, False, "de", ("delete", "de")),
    _lost("`get` it after `delete`", CHANGE, None, None, "dg", ("delete", "dg"), ("get", "dg")),
    _same("`get` a key that never was", READ, "default", ("get", "never", "default")),
    _same("`get` after `set`", WRITE, [1, "2"], ("set", "s", (1, "2")), ("get", "s")),
    _same("`get` a cached `None`", WRITE, None, ("set", "n", None), ("get", "n", "default")),
    _same(
        "`get_many` after `set_many`",
        WRITE,
        {"m": 1},
        ("set_many", {"m": 1, "o": 2}),
        ("get_many", ["m"]),
    ),
    _same(
        "`get` after `delete_many`",
        WRITE,
        None,
        ("set", "dm", 1),
        ("delete_many", ["dm"]),
        ("get", "dm"),
    ),
    _same("`incr` after `set`", WRITE, 3, ("set", "c", 1), ("incr", "c", 2)),
    _same("`incr` text", WRITE, "TypeError", ("set", "x", "1"), ("incr", "x")),
    _same("`add` twice", WRITE, False, ("add", "aa", 1), ("add", "aa", 2)),
    _same("`set` what JSON cannot hold", WRITE, "TypeError", ("set", "j", {1, 2})),
    _same("`ttl` after `set` for ever", WRITE, None, ("set", "ts", 1, None), ("ttl", "ts")),
    _same(
        "`pttl` after `persist`",
        WRITE,
        None,
        ("set", "ps", 1, 60),
        ("persist", "ps"),
        ("pttl", "ps"),
    ),
    _same(
        "`get` after `expire` in no time",
        WRITE,
        None,
        ("set", "ex", 1),
        ("expire", "ex", 0),
        ("get", "ex"),
    ),
    _same("`keys` after `set`", WRITE, ["kz"], ("set", "kz", 1), ("keys", "kz*")),
    Promise(
        does='`get` after `set`, `stale="never"`',
        steps=(("set", "sn", 1), ("get", "sn", {"stale": "never"})),
        kind=WRITE,
        shared=1,
        local=None,
    ),
    _only("`zadd`", WRITE, 2, ("zadd", "z1", _SCORES)),
    _only("`zincrby`", WRITE, 1.0, ("zincrby", "z2", 1, "a")),
    _only("`zrange`", WRITE, ["a", "b"], ("zadd", "z3", _SCORES), ("zrange", "z3", 0, -1)),
    _only("`zrevrange`", WRITE, ["b", "a"], ("zadd", "z4", _SCORES), ("zrevrange", "z4", 0, -1)),
    _only(
        "`zrangebyscore`", WRITE, ["b"], ("zadd", "z5", _SCORES), ("zrangebyscore", "z5", 2, "+inf")
    ),
    _only(
        "`zrevrangebyscore`",
        WRITE,
        ["b", "a"],
        ("zadd", "z6", _SCORES),
        ("zrevrangebyscore", "z6", "+inf", "-inf"),
    ),
    _only("`zrem`", WRITE, 1, ("zadd", "z7", _SCORES), ("zrem", "z7", "a")),
    _only(
        "`zremrangebyscore`", WRITE, 2, ("zadd", "z8", _SCORES), ("zremrangebyscore", "z8", 1, 2)
    ),
    _only("`zcard`", READ, 0, ("zcard", "z9")),
    _only("`zcount`", READ, 0, ("zcount", "z9", 0, 9)),
    _only("`zscore`", READ, None, ("zscore", "z9", "a")),
    _only("`zrank`", READ, None, ("zrank", "z9", "a")),
    _only("`lock`", WRITE, "held", ("lock", "l")),
    Promise(
        does="`pipeline`",
        steps=(("pipeline",),),
        kind=WRITE,
        shared=[True, b"1"],
        local="RedisUnavailableError",
        is_async=False,
    ),
    _lost("`delete_pattern`", READ, 1, 0, "dp", ("delete_pattern", "dp*")),
    _same("`get` after `clear`", WRITE, None, ("set", "cl", 1), ("clear",), ("get", "cl")),
]


def tables() -> str:
    """Lay both lists out as Markdown."""
    states = [
        "| Redis … | that is | reads | writes | once the circuit is open |",
        "|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.what} | {one.reads} | {one.writes} | "
            f"{By.LOCAL if one.opens else 'it does not open'} |"
            for one in SITUATIONS
        ),
    ]
    answers = [
        "| operation | answered by Redis | by Redis that lost everything | by this process |",
        "|---|---|---|---|",
        *(
            f"| {one.does} | {_shown(one.by(By.REDIS))} | {_shown(one.by(By.EMPTY))} | "
            f"{_shown(one.by(By.LOCAL))} |"
            for one in PROMISES
        ),
    ]
    return "\n".join([*states, "", *answers])


def _shown(answer: Any) -> str:
    is_error = isinstance(answer, str) and answer.endswith("Error")
    return f"raises `{answer}`" if is_error else f"`{answer!r}`"


if __name__ == "__main__":
    before, _, rest = DOCUMENT.read_text().partition("<!-- tables -->\n")
    _, _, after = rest.partition("<!-- end of tables -->\n")
    DOCUMENT.write_text(f"{before}<!-- tables -->\n{tables()}\n<!-- end of tables -->\n{after}")
