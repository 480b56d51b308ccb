"""``manage.py rehearse``"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from plinto import operations
from plinto.kernel.exceptions import PlintoAPIException
from plinto.kernel.origin import SYSTEM as NOWHERE
from plinto.templatetags.readings import rfc3339
from resilience.overview import look

# Processes read their orders every few seconds; one that has not by then has another trouble.
HEARD_WITHIN_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.2


class Command(BaseCommand):
    """Rehearses an outage in every process, and tells when each has taken it up."""

    help = (
        "Let every process act as if a dependency were gone, for a while; each recovers by "
        "itself when the time is over. Recorded in the audit trail."
    )
    heard_within = HEARD_WITHIN_SECONDS

    def add_arguments(self, parser: ArgumentParser) -> None:
        length = parser.add_mutually_exclusive_group(required=True)
        length.add_argument("--minutes", type=int, help="how long, 1 to 60")
        length.add_argument("--seconds", type=int, help="how long, for a rehearsal under a minute")
        length.add_argument("--end", action="store_true", help="end one that is under way")
        parser.add_argument(
            "--breaker",
            default="redis:default",
            choices=list(operations.REHEARSABLE),
            help="which breaker opens; default: %(default)s",
        )
        parser.add_argument("--reason", default="rehearsal", help="why, for the audit trail")

    def handle(self, *_args: Any, **options: Any) -> None:
        breaker, reason, is_end = options["breaker"], options["reason"], options["end"]
        began = time.monotonic()
        asked: dict[str, Any] = {"by": None, "origin": NOWHERE, "now": timezone.now()}
        try:
            if is_end:
                operations.order(breaker, act="automatic", reason=reason, **asked)
                self.stdout.write(f"{breaker} is left to itself again, in every process.")
            else:
                length = timedelta(minutes=options["minutes"] or 0, seconds=options["seconds"] or 0)
                ends_at = operations.rehearse(breaker, length=length, reason=reason, **asked)
                self.stdout.write(
                    f"{operations.REHEARSABLE[breaker]}: every process opens {breaker} and acts "
                    f"without it until {rfc3339(ends_at)}, then recovers by itself.\n"
                    "To end it before: manage.py rehearse --end"
                )
        except PlintoAPIException as refusal:
            raise CommandError(refusal.message) from refusal
        self._watch(breaker, is_forced=not is_end, began=began)

    def _watch(self, breaker: str, *, is_forced: bool, began: float) -> None:
        """Name each live process as it reports that it obeyed."""
        told: set[str] = set()
        deadline = began + self.heard_within
        while waiting := self._tell(breaker, is_forced=is_forced, began=began, told=told):
            if time.monotonic() > deadline:
                raise CommandError(f"The order stands, but has not reached: {', '.join(waiting)}")
            time.sleep(_LOOK_EVERY_SECONDS)
        if not told:
            self.stdout.write("No process has this breaker now; one that makes it obeys.")

    def _tell(self, breaker: str, *, is_forced: bool, began: float, told: set[str]) -> list[str]:
        waiting = []
        for process in look(now=timezone.now()).live:
            name = f"{process.kind} {process.host}:{process.pid}"
            for circuit in process.circuits:
                if circuit.name != breaker or name in told:
                    continue
                if circuit.is_forced is not is_forced:
                    waiting.append(name)
                    continue
                told.add(name)
                self.stdout.write(f"{name} heard it after {time.monotonic() - began:.1f} s.")
        return waiting
