"""``manage.py run_worker``: send what waits to be sent, trim what may go."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from resilience import metrics, reporter
from resilience.presence import Kind
from resilience.worker import Queue, Shift, Stop, Worker, roster, run_until_idle


class Command(BaseCommand):
    help = "Work on due rows (mail, webhooks) until SIGTERM; any number of workers may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--queues", default="", help="names separated by commas; all of them when left out"
        )
        parser.add_argument(
            "--until-idle", action="store_true", help="stop as soon as nothing is due; no chores"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        queues = _chosen(options["queues"])
        stop = Stop()
        with _stopped_by_signals(stop):
            if options["until_idle"]:
                run_until_idle(queues, shift=Shift(is_ending=stop.is_asked))
            else:
                metrics.start(kind="worker")
                reporter.start(Kind.WORKER)
                try:
                    Worker(queues=queues, chores=roster.chores.values(), stop=stop).run()
                finally:
                    reporter.stop()


def _chosen(names: str) -> list[Queue]:
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(roster.queues)
    unknown = [name for name in wanted if name not in roster.queues]
    if unknown:
        raise CommandError(
            f"No queue {', '.join(unknown)}; there are: {', '.join(sorted(roster.queues))}."
        )
    return [roster.queues[name] for name in wanted]


@contextmanager
def _stopped_by_signals(stop: Stop) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may take signals
        return

    def ask(number: int, _frame: FrameType | None) -> None:
        # The first signal finishes what has begun; a second one ends the process at once.
        signal.signal(number, signal.SIG_DFL)
        stop.ask()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
