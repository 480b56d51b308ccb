"""
Delivering what ``accounts.services.mail`` wrote down: the queue ``mail`` of the worker.

Each letter is settled right after the server took it, so a kill between the two costs at most one
letter sent twice, with the same Message-ID.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import orjson
from django.db.models import Q

from accounts.models import OutboundMail
from accounts.services import (
    address_changes,
    address_undo,
    magic_links,
    mailbox_proofs,
    password_links,
)
from accounts.services.letters import Letter, compose
from accounts.services.mail import CONTEXT_PURPOSE, GIVE_UP_AFTER
from accounts.services.post import Post, is_open
from plinto.kernel.crypto import decrypt
from resilience import backoff, leases, trimming
from resilience.leases import State
from resilience.queues import LeasedQueue
from resilience.worker import Chore, Shift

# A letter sent later than this carries a link that has lost a good part of its life.
_LATE = timedelta(minutes=1)
# What may travel with a letter and lives from when it was sent.
_LIVING = (mailbox_proofs, password_links, magic_links, address_changes, address_undo)
_RETRY_BASE = timedelta(seconds=5)
_RETRY_CAP = timedelta(minutes=15)

_KEEP_SUPPRESSED = timedelta(days=1)
_KEEP_SENT = timedelta(days=30)
_KEEP_ABANDONED = timedelta(days=90)


def next_try(mail: OutboundMail, now: datetime) -> datetime | None:
    """When to send a refused letter again; None once it has been tried for a day."""
    if now - mail.created_at >= GIVE_UP_AFTER:
        return None
    return now + backoff.delay(
        attempt=mail.attempts, base=_RETRY_BASE, cap=_RETRY_CAP, draw=random.random
    )


@contextmanager
def _turn(shift: Shift) -> Iterator[Callable[[OutboundMail], None]]:
    with Post() as post:
        yield lambda mail: _deliver(mail, post=post, shift=shift)


def _deliver(mail: OutboundMail, *, post: Post, shift: Shift) -> None:
    if mail.suppressed:
        leases.settle(mail, now=shift.clock(), sealed_context=b"")
        return
    context = orjson.loads(decrypt(mail.sealed_context, purpose=CONTEXT_PURPOSE))
    post.send(compose(Letter(mail.template), to=mail.recipient, context=context, letter_id=mail.id))
    sent_at = shift.clock()
    if sent_at - mail.created_at > _LATE:
        for kind in _LIVING:
            kind.prolong(mail.id, sent_at=sent_at)
    leases.settle(mail, now=sent_at, sent_at=sent_at, sealed_context=b"")


def trim(now: datetime) -> int:
    """Delete letters whose outcome nobody asks about any more; return how many."""
    outdated = (
        Q(suppressed=True, settled_at__lt=now - _KEEP_SUPPRESSED)
        | Q(state=State.SETTLED, settled_at__lt=now - _KEEP_SENT)
        | Q(state=State.ABANDONED, settled_at__lt=now - _KEEP_ABANDONED)
    )
    return trimming.delete(OutboundMail.objects.filter(outdated))


QUEUE = LeasedQueue(
    name="mail",
    rows=OutboundMail.objects.all,
    turn=_turn,
    next_try=next_try,
    is_ready=is_open,
    when_abandoned={"sealed_context": b""},
)
TRIMMING = Chore(name="trim mail", every=timedelta(hours=1), run=trim)
