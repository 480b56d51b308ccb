"""``manage.py resilience``"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import orjson
from django import db
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from plinto import terminal
from resilience.apart import apart
from resilience.overview import Overview, look

_CLEAR_SCREEN = "\x1b[H\x1b[2J"


class Command(BaseCommand):
    """Shows what the Resilience page of the admin site shows."""

    help = "Show every process, its breakers, its connections and its cache, as they report them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="one JSON object instead of text")
        form.add_argument(
            "--watch", type=float, metavar="SECONDS", help="show it again and again until Ctrl-C"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["json"]:
            self.stdout.write(orjson.dumps(asdict(_overview()), option=orjson.OPT_UTC_Z).decode())
        elif options["watch"] is None:
            self.stdout.write(terminal.drawn(_overview()), ending="")
        else:
            self._watch(max(0.5, options["watch"]))

    def _watch(self, seconds: float) -> None:
        try:
            while True:
                self.stdout.write(f"{_CLEAR_SCREEN}{self._now()}")
                self.stdout.flush()
                time.sleep(seconds)
        except KeyboardInterrupt:
            return

    def _now(self) -> str:
        # Whoever watches an outage of the database wants to see its end as well.
        try:
            return terminal.drawn(_overview())
        except CommandError as trouble:
            return f"{trouble}\n"


def _overview() -> Overview:
    """
    Read the rows, on a connection outside the pool.

    :raises CommandError: the database cannot be asked
    """
    try:
        with apart():
            return look(now=timezone.now())
    except db.Error as error:
        raise CommandError(
            f"The processes cannot be seen: the database did not answer ({str(error).strip()})."
        ) from error
