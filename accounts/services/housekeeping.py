"""What the worker clears away in accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from accounts.services import (
    address_changes,
    address_undo,
    data_exports,
    domain_checks,
    erasures,
    invitations,
    keys,
    known_devices,
    magic_links,
    mailbox_proofs,
    outbox,
    passkey_challenges,
    password_links,
    pending_sign_ins,
    registrations,
    second_factors,
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
    _trimming("magic links", lambda now: magic_links.trim(now=now)),
    _trimming("address changes", lambda now: address_changes.trim(now=now)),
    _trimming("undo links", lambda now: address_undo.trim(now=now)),
    _trimming("pending sign-ins", lambda now: pending_sign_ins.trim(now=now)),
    _trimming("passkey challenges", lambda now: passkey_challenges.trim(now=now)),
    _trimming("unconfirmed apps", lambda now: second_factors.trim(now=now)),
    _trimming("sessions", lambda now: known_devices.trim(now=now)),
    _trimming("invitations", lambda now: invitations.trim(now=now)),
    _trimming("provider sign-ins", lambda now: social.trim(now=now)),
    _trimming("signing keys", lambda now: keys.trim(now=now)),
    _trimming("data exports", lambda now: data_exports.trim(now=now)),
    Chore(name="erase people", every=timedelta(minutes=5), run=erasures.erase_due),
    Chore(
        name="check domains", every=timedelta(minutes=5), run=domain_checks.check_due, is_slow=True
    ),
    outbox.TRIMMING,
]
