"""
How often something may be tried before somebody has to wait.

The strict limits of accounts. They are counted in the database alone, so nothing that happens to
Redis loosens them; ``resilience.policies`` has the wider ones that every request meets first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import controls
from accounts.errors import TooManyAttempts
from resilience.contract import enforces
from resilience.counters import count, forgive
from resilience.limits import Bucket, Limit

__all__ = ["Bucket", "Limit", "Tries", "count", "forgive", "take"]

QUARTER = timedelta(minutes=15)
# NIST SP 800-63B-4, section 3.2.2 allows 100 consecutive failures; these stay far below it.
STRANGER = Limit("stranger", 10, QUARTER)  # one account, from places it was never used from
FAMILIAR = Limit("familiar", 10, QUARTER)  # one account, from one network it is used from
SOURCE = Limit("source", 100, QUARTER)  # one network, whatever the accounts: offices share one
PROOF = Limit("proof", 10, QUARTER)  # a signed-in person proving a password again
CODE = Limit("code", 5, QUARTER)  # six digits: five guesses against a million
FACTOR = Limit("factor", 5, QUARTER)  # one person's second factors, all of them together
PENDING = Limit("pending", 5, QUARTER)  # one sign-in that waits for a second factor
ADDRESS = Limit("address", 5, timedelta(hours=1))  # new addresses that one person asks for
MAIL = Limit("mail", 5, timedelta(hours=1))  # mails that strangers can make one mailbox receive


@enforces(controls.LOCKOUT)
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


@dataclass(frozen=True, slots=True)
class Tries:
    """
    What a sign-in counts in: one bucket of the account, and that of the network.

    After a success the account's is cleared and the network's only refunded: an attacker's own
    successful sign-in must not buy a fresh hundred guesses against others.
    """

    account: Bucket
    source: Bucket

    def take(self, *, now: datetime) -> None:
        """
        Count one try in both.

        :raises TooManyAttempts: the account or the network used up its attempts
        """
        take(self.account, self.source, now=now)

    def forgive(self) -> None:
        """Let a success count for nothing."""
        forgive(cleared=[self.account], refunded=[self.source])
