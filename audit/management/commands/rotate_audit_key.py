"""``manage.py rotate_audit_key``"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from audit.services import checkpoint_keys


class Command(BaseCommand):
    """Makes a key that signs checkpoints; the one before it verifies what it signed, for ever."""

    help = (
        "Make a new key that signs checkpoints of the audit trail, and retire the old one. What "
        "the old one signed still verifies: its public half stays published."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-none", action="store_true", help="do nothing when there is a key already"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["if_none"]:
            made = checkpoint_keys.make_first(now=now)
            self.stdout.write("The first key is made." if made else "There is an audit key.")
            return
        try:
            key = checkpoint_keys.rotate(now=now)
        except IntegrityError as error:
            raise CommandError("Another rotation was faster; its key signs now.") from error
        self.stdout.write(f"Key {key.kid} signs checkpoints from now on.")
