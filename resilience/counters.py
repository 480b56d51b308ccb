"""
How often something was tried, counted in the database.

An attempt takes its place *before* the work it pays for, in one atomic statement that hands every
caller a different number: two hundred parallel guesses cannot all see "nine so far". Redis is not
asked, so its outage opens nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from plinto.kernel import prepared
from resilience import trimming
from resilience.limits import Bucket
from resilience.models import Counter


@dataclass(frozen=True, slots=True)
class Count:
    """The number an attempt was given, and how many seconds its window still lasts."""

    number: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to stay away; false when the attempt is allowed. ``is_new`` is the first refusal."""

    seconds: int = 0
    is_new: bool = False

    def __bool__(self) -> bool:
        return self.seconds > 0


# A window that would end later than one that begins now was begun by a clock that has been set
# back since; it must not keep anybody out for the difference.
_TAKE = """
INSERT INTO resilience_counter (scope, subject, count, ends) VALUES {rows}
ON CONFLICT (scope, subject) DO UPDATE SET
    count = CASE WHEN resilience_counter.ends <= %s
                 THEN 1 ELSE resilience_counter.count + 1 END,
    ends = CASE WHEN resilience_counter.ends <= %s OR resilience_counter.ends > excluded.ends
                THEN excluded.ends ELSE resilience_counter.ends END
RETURNING scope, subject, count, ends
"""


def add(*buckets: Bucket, now: datetime) -> dict[Bucket, Count]:
    """
    Count one attempt in every bucket, and tell each number.

    Attempts beyond a limit are counted but do not push the end of the window away, so nobody is
    kept out for ever by somebody else's knocking.
    """
    moment = int(now.timestamp())
    # One order for all callers: rows locked in different orders would deadlock.
    rows = sorted(buckets, key=lambda bucket: bucket.key)
    parameters: list[str | int] = []
    for bucket in rows:
        parameters += [bucket.limit.scope, bucket.subject, 1, moment + bucket.limit.seconds]
    values = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    with prepared.cursor() as cursor:
        cursor.execute(_TAKE.format(rows=values), [*parameters, moment, moment])
        counted = {(scope, subject): (n, ends) for scope, subject, n, ends in cursor.fetchall()}
    counts: dict[Bucket, Count] = {}
    for bucket in rows:
        number, ends = counted[bucket.limit.scope, bucket.subject]
        counts[bucket] = Count(number, max(1, ends - moment))
    return counts


def count(*buckets: Bucket, now: datetime) -> Wait:
    """Count one attempt in every bucket, and tell how long to wait if one is full."""
    seconds, is_new = 0, False
    for bucket, found in add(*buckets, now=now).items():
        if found.number > bucket.limit.most:
            seconds = max(seconds, found.seconds)
            is_new = is_new or found.number == bucket.limit.most + 1
    return Wait(seconds, is_new=is_new)


def forgive(*, cleared: Sequence[Bucket] = (), refunded: Sequence[Bucket] = ()) -> None:
    """Forget what was counted in ``cleared``, and give one attempt back in ``refunded``."""
    if cleared:
        Counter.objects.filter(_any(cleared)).update(count=0)
    if refunded:
        Counter.objects.filter(_any(refunded), count__gt=0).update(count=F("count") - 1)


_FORGIVE = """
held AS (
    SELECT counter.id FROM {given}, resilience_counter AS counter
    WHERE (counter.scope, counter.subject) IN ({rows})
    ORDER BY counter.scope, counter.subject FOR UPDATE OF counter
), forgiven AS (
    UPDATE resilience_counter AS counter
    SET count = CASE WHEN (scope, subject) IN ({cleared}) THEN 0 ELSE greatest(count - 1, 0) END
    FROM held WHERE counter.id = held.id
)
"""


def forgiving(
    *, cleared: Sequence[Bucket], refunded: Sequence[Bucket], given: str
) -> tuple[str, list[str]]:
    """
    Do what ``forgive`` does as a part of a statement of PostgreSQL, and return it with parameters.

    It is done if the part called ``given`` has a row, and never before it: who waits for somebody
    holds no counter meanwhile. Counters are held in the order in which ``add`` does.
    """
    first = [part for bucket in cleared for part in (bucket.limit.scope, bucket.subject)]
    rest = [part for bucket in refunded for part in (bucket.limit.scope, bucket.subject)]
    marks = ", ".join(["(%s, %s)"] * (len(cleared) + len(refunded)))
    text = _FORGIVE.format(given=given, rows=marks, cleared=", ".join(["(%s, %s)"] * len(cleared)))
    return text, [*first, *rest, *first]


def trim(*, now: datetime) -> int:
    """Delete counters whose window is over; they would count from one again anyway."""
    return trimming.delete(Counter.objects.filter(ends__lte=int(now.timestamp())))


def _any(buckets: Sequence[Bucket]) -> Q:
    chosen = Q(pk__in=[])
    for bucket in buckets:
        chosen |= Q(scope=bucket.limit.scope, subject=bucket.subject)
    return chosen
