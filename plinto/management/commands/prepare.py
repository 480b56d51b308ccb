"""``manage.py prepare``"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS


class Command(BaseCommand):
    """Brings database, static files and keys to what this version needs."""

    help = (
        "Prepare a deployment: migrate, collect static files, and make the first keys. "
        "A second run changes nothing. What the database has no room for is said, and is no "
        "reason to stop."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--administrator", help="also create this first administrator")

    def handle(self, *_args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("rotate_signing_key", if_none=True, verbosity=0)
        call_command("rotate_audit_key", if_none=True, verbosity=0)
        call_command("rotate_service_key", if_none=True, verbosity=0)
        if options["administrator"]:
            call_command("create_administrator", options["administrator"])
        # Commands that are called, as migrate is above, skip the checks that would tell.
        for warning in checks.run_checks(tags=[checks.Tags.database], databases=[DEFAULT_DB_ALIAS]):
            self.stderr.write(self.style.WARNING(str(warning)))
