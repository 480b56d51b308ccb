"""What the worker clears away in accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from accounts.services import (
    keys,
    mailbox_proofs,
    outbox,
    password_links,
    pending_sign_ins,
    registrations,
    second_factors,
    sessions,
    social,
)
from resilience import counters
from resilience.worker import Chore

_HOURLY = timedelta(hours=1)


def _trimming(name: str, run: Callable[[datetime], int]) -> Chore:
    return Chore(name=f"trim {name}", every=_HOURLY, run=run)


CHORES = [
    _trimming("counters", lambda now: counters.trim(now=now)),
    _trimming("registrations", lambda now: registrations.trim(now=now)),
    _trimming("mailbox proofs", lambda now: mailbox_proofs.trim(now=now)),
    _trimming("password links", lambda now: password_links.trim(now=now)),
    _trimming("pending sign-ins", lambda now: pending_sign_ins.trim(now=now)),
    _trimming("unconfirmed apps", lambda now: second_factors.trim(now=now)),
    _trimming("provider sign-ins", lambda now: social.trim(now=now)),
    _trimming("sessions", lambda now: sessions.trim(now=now)),
    _trimming("signing keys", lambda now: keys.trim(now=now)),
    outbox.TRIMMING,
]
