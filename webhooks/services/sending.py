"""
Sending what is due: the queue ``webhooks`` of the worker.

A message is claimed, and that is committed, before anything is sent; its outcome is written right
after. A worker that dies between the two costs its receivers a second copy under the same id. Each
message has a thread of its own, and is claimed only when there is one for it, so a receiver that
hangs keeps nobody waiting but itself.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property

import structlog
from django import db
from django.conf import settings
from django.db.models import QuerySet

from plinto.kernel.exceptions import ConfigurationError
from resilience import leases
from resilience.backlogs import Backlog
from resilience.errors import CircuitOpenError
from resilience.worker import Shift
from webhooks.models import Delivery, Endpoint
from webhooks.services import backlog, messages, schedule, settling
from webhooks.services.due import Claimed, Round
from webhooks.services.figures import figures
from webhooks.services.messages import Source
from webhooks.services.receivers import SECONDS, Receivers
from webhooks.services.tries import get_webhook_service

log = structlog.get_logger(__name__)

# A claim costs the same for one message as for many, so one more may wait a moment for company.
_GATHERS_FOR = 0.05
_LOOKS_EVERY = 0.25
# By then every exchange is over, and what came of it is written.
_DRAINS_FOR = SECONDS + 5


class Sending:
    """A queue that still has messages under way when ``run_due`` returns."""

    name = "webhooks"

    def __init__(self, *, places: int = 0, seconds: float = SECONDS) -> None:
        self._places, self._seconds = places, seconds
        self._round = Round()

    @cached_property
    def receivers(self) -> Receivers:
        return Receivers(places=self._places or settings.WEBHOOK_CONCURRENCY)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.receivers.places, thread_name_prefix="webhook")

    def rows(self) -> QuerySet[Delivery]:
        return Delivery.objects.all()

    def run_due(self, shift: Shift) -> int:
        """Begin to send what is due and finds a place; 0 when nothing is, nor is under way."""
        under_way = self.receivers.under_way  # and perhaps no more when the claim is over
        claimed = self._round.claim(self.receivers, now=shift.clock())
        if claimed:
            self._begin(claimed, shift)
            self.receivers.wait(free=max(1, self.receivers.places // 2), seconds=_GATHERS_FOR)
            return len(claimed)
        self.receivers.wait_for_any(seconds=_LOOKS_EVERY)
        return under_way

    def backlog(self, now: datetime) -> Backlog:
        """Say what waits to be sent, for metrics and operators."""
        return backlog.of_messages(self.name, now=now)

    def drain(self) -> None:
        """Wait until what has begun is sent and written down, twenty seconds at most."""
        if not self.receivers.wait(free=self.receivers.places, seconds=_DRAINS_FOR):
            log.warning("webhooks.left_behind", under_way=self.receivers.under_way)

    def _begin(self, claimed: list[Claimed], shift: Shift) -> None:
        try:
            found = messages.sources(delivery for delivery, _, _ in claimed)
        except BaseException:
            # The leases bring the messages back; the places would be lost.
            for _, _, place in claimed:
                self.receivers.leave(place)
            raise
        for one in claimed:
            self._threads.submit(self._run, one, found.get(one[0].event_id), shift)

    def _run(self, claimed: Claimed, source: Source | None, shift: Shift) -> None:
        delivery, endpoint, place = claimed
        try:
            if shift.is_ending():
                leases.release(delivery, now=shift.clock())
            elif source is None:
                error = "the event is no longer in the trail"
                leases.abandon(delivery, now=shift.clock(), error=error)
            else:
                self._send(delivery, endpoint, source, shift)
        except db.Error as error:
            # It may have been sent; the lease brings it back, under the same id.
            log.warning("webhook.not_written", delivery=str(delivery.pk), error=str(error).strip())
        except Exception as error:
            # Without this, a row that trips over a fault of ours would be tried every minute.
            log.exception("webhook.faulted", delivery=str(delivery.pk))
            settling.faulted(delivery, error=type(error).__name__, now=shift.clock())
        finally:
            # The next message may be long in coming, and connections are few.
            db.close_old_connections()
            self.receivers.leave(place)

    def _send(self, delivery: Delivery, endpoint: Endpoint, source: Source, shift: Shift) -> None:
        breaker = self.receivers.breaker_of(endpoint)
        try:
            body = messages.body(delivery.type, source)
            made = get_webhook_service().send(
                delivery,
                endpoint,
                body,
                breaker=breaker,
                clock=shift.clock,
                seconds=self._seconds,
            )
        except CircuitOpenError:
            leases.release(delivery, now=shift.clock())
            return
        except ConfigurationError as error:
            # Not the receiver's fault, and nothing that a few seconds mend.
            due_at = shift.clock() + schedule.WAITS[1]
            leases.retry(delivery, due_at=due_at, error=error.reason or error.error_code)
            log.critical("webhook.not_opened", endpoint=str(endpoint.pk), reason=error.reason)
            return
        if made.wish:
            self.receivers.hold(endpoint, made.wish)
        outcome = settling.write(delivery, endpoint, made, now=shift.clock())
        figures.note(outcome, seconds=made.seconds)


QUEUE = Sending()
