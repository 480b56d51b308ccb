"""
How often something may be tried, counted in the database.

An attempt takes its place *before* the work it pays for, in one atomic statement that hands every
caller a different number: two hundred parallel guesses cannot all see "nine so far". Redis is not
asked, so its outage opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, Q

from accounts import controls
from accounts.errors import TooManyAttempts
from accounts.models import AttemptCounter
from plinto.kernel.crypto import keyed_digest
from resilience import trimming
from resilience.contract import enforces


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` attempts per subject in each window."""

    scope: str
    most: int
    window: timedelta


QUARTER = timedelta(minutes=15)
# NIST SP 800-63B-4, section 3.2.2 allows 100 consecutive failures; these stay far below it.
STRANGER = Limit("stranger", 10, QUARTER)  # one account, from places it was never used from
FAMILIAR = Limit("familiar", 10, QUARTER)  # one account, from one network it is used from
SOURCE = Limit("source", 100, QUARTER)  # one network, whatever the accounts: offices share one
PROOF = Limit("proof", 10, QUARTER)  # a signed-in person proving a password again
CODE = Limit("code", 5, QUARTER)  # six digits: five guesses against a million
MAIL = Limit("mail", 5, timedelta(hours=1))  # mails that strangers can make one mailbox receive


@dataclass(frozen=True, slots=True)
class Bucket:
    """One counter: a limit and the digest of whom it counts for."""

    limit: Limit
    subject: str

    @classmethod
    def of(cls, limit: Limit, *parts: object) -> Bucket:
        whom = "\x1f".join(str(part) for part in parts)
        return cls(limit, keyed_digest(whom, purpose=f"attempts:{limit.scope}").hex())


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to stay away; false when the attempt is allowed. ``is_new`` is the first refusal."""

    seconds: int = 0
    is_new: bool = False

    def __bool__(self) -> bool:
        return self.seconds > 0


_TAKE = """
INSERT INTO accounts_attempt_counter (scope, subject, count, ends) VALUES {rows}
ON CONFLICT (scope, subject) DO UPDATE SET
    count = CASE WHEN accounts_attempt_counter.ends <= %s
                 THEN 1 ELSE accounts_attempt_counter.count + 1 END,
    ends = CASE WHEN accounts_attempt_counter.ends <= %s
                THEN excluded.ends ELSE accounts_attempt_counter.ends END
RETURNING scope, subject, count, ends
"""


@enforces(controls.LOCKOUT)
def count(*buckets: Bucket, now: datetime) -> Wait:
    """
    Count one attempt in every bucket, and tell how long to wait if one is full.

    Attempts beyond the limit are counted but do not push the end of the window away, so nobody
    is kept out for ever by somebody else's knocking.
    """
    moment = int(now.timestamp())
    # One order for all callers: rows locked in different orders would deadlock.
    rows = sorted(buckets, key=lambda bucket: (bucket.limit.scope, bucket.subject))
    parameters: list[str | int] = []
    for bucket in rows:
        ends = moment + int(bucket.limit.window.total_seconds())
        parameters += [bucket.limit.scope, bucket.subject, 1, ends]
    values = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(_TAKE.format(rows=values), [*parameters, moment, moment])
        counted = {(scope, subject): (n, ends) for scope, subject, n, ends in cursor.fetchall()}
    seconds, is_new = 0, False
    for bucket in rows:
        number, ends = counted[bucket.limit.scope, bucket.subject]
        if number > bucket.limit.most:
            seconds = max(seconds, 1, ends - moment)
            is_new = is_new or number == bucket.limit.most + 1
    return Wait(seconds, is_new=is_new)


def take(*buckets: Bucket, now: datetime) -> None:
    """
    Count one attempt in every bucket, or refuse it.

    :raises TooManyAttempts: with the seconds until the window ends
    """
    wait = count(*buckets, now=now)
    if wait:
        scopes = " or ".join(bucket.limit.scope for bucket in buckets)
        raise TooManyAttempts(
            retry_after=wait.seconds, is_new=wait.is_new, reason=f"limit of {scopes}"
        )


def forgive(*, cleared: list[Bucket], refunded: list[Bucket]) -> None:
    """
    After a success: forget the failures in ``cleared``, give the one attempt in ``refunded`` back.

    A network's count is only refunded: an attacker's own successful sign-in must not buy a fresh
    hundred guesses against others.
    """
    if cleared:
        AttemptCounter.objects.filter(_any(cleared)).update(count=0)
    if refunded:
        AttemptCounter.objects.filter(_any(refunded), count__gt=0).update(count=F("count") - 1)


def trim(*, now: datetime) -> int:
    """Delete counters whose window is over; they would count from one again anyway."""
    return trimming.delete(AttemptCounter.objects.filter(ends__lte=int(now.timestamp())))


def _any(buckets: list[Bucket]) -> Q:
    chosen = Q(pk__in=[])
    for bucket in buckets:
        chosen |= Q(scope=bucket.limit.scope, subject=bucket.subject)
    return chosen
