"""One harmless write and read that shows whether Redis can be trusted again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import redis
from redis.exceptions import RedisError

from resilience.guarded import one_attempt
from resilience.trouble import Trouble, judge, reason_of

LIVES_SECONDS = 10


@dataclass(frozen=True)
class Verdict:
    """What a canary found; no ``trouble`` means that Redis reads and writes."""

    trouble: Trouble | None = None
    reason: str = ""


def send(url: str, *, timeout: float) -> Verdict:
    """
    Ask Redis at ``url`` on a new connection to answer, to write and to read.

    A new connection, because a pooled one proves only that it was once open; a write, because
    a full Redis and a read-only replica answer PING.
    """
    key, value = f"plinto.canary:{secrets.token_hex(8)}", secrets.token_hex(8)
    pool = redis.ConnectionPool.from_url(url, **one_attempt(timeout))
    try:
        pipeline = redis.Redis(connection_pool=pool).pipeline(transaction=False)
        pipeline.ping()
        pipeline.set(key, value, ex=LIVES_SECONDS)
        pipeline.get(key)
        replies = pipeline.execute(raise_on_error=False)
    except (RedisError, OSError) as error:
        return Verdict(judge(error), reason_of(error))
    finally:
        pool.disconnect()
    refusals = [reply for reply in replies if isinstance(reply, Exception)]
    if refusals:
        worst = max(refusals, key=judge)
        return Verdict(judge(worst), reason_of(worst))
    is_true = replies[2] == value.encode()
    return Verdict() if is_true else Verdict(Trouble.DOWN, "canary")
