"""``manage.py audit_grants``"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services import grants
from audit.services.grants import GrantError


class Command(BaseCommand):
    """Run it as the owner of the tables, again after each migration."""

    help = (
        "Print the GRANTs with which a role of PostgreSQL can serve Plinto and can neither change"
        " nor remove rows of the trail; with --execute, also give them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", required=True, help="the role that serves, not the owner")
        parser.add_argument("--execute", action="store_true", help="give the rights now")

    def handle(self, *_args: Any, **options: Any) -> None:
        say = grants.grant if options["execute"] else grants.statements
        try:
            wanted = say(options["role"])
        except GrantError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("".join(f"{statement};\n" for statement in wanted), ending="")
